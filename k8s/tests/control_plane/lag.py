"""Makes lag in Kafka, in the environment that has a Kafka client: lag.py BROKERS COMMAND ..."""

import sys

from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

SECONDS = 60


def ready(admin):
    admin.list_topics(timeout=5)


def produce(admin, name, count):
    producer = Producer({"bootstrap.servers": sys.argv[1], "linger.ms": 50, "queue.buffering.max.messages": 1_000_000})
    partitions = len(admin.list_topics(name, timeout=SECONDS).topics[name].partitions)
    for number in range(int(count)):
        producer.produce(name, b"x", partition=number % partitions)
    if producer.flush(SECONDS):
        raise SystemExit("not everything was sent")


def commit(admin, group, name, where):
    """The group's positions are at the beginning or at the end of the topic."""
    spec = {"beginning": OffsetSpec.earliest(), "end": OffsetSpec.latest()}[where]
    partitions = [TopicPartition(name, number) for number in admin.list_topics(name, timeout=SECONDS).topics[name].partitions]
    offsets = {each: future.result(SECONDS).offset for each, future in admin.list_offsets(dict.fromkeys(partitions, spec)).items()}
    positions = [TopicPartition(each.topic, each.partition, offset) for each, offset in offsets.items()]
    for future in admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, positions)]).values():
        future.result(SECONDS)


if __name__ == "__main__":
    {"ready": ready, "produce": produce, "commit": commit}[sys.argv[2]](
        AdminClient({"bootstrap.servers": sys.argv[1]}), *sys.argv[3:])
