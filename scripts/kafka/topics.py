#!/usr/bin/env python3
"""Makes the topics of k8s/components/kafka in a Kafka that no operator looks after, such as MSK, and allows its users what they need.

    topics.py BROKERS [--iam REGION] [--one-broker]

It needs PyYAML, confluent-kafka and, for --iam (port 9098, as the role of this machine), aws-msk-iam-sasl-signer-python. After a change of the
files run it again: topics get the partitions and settings that they lack, and rules are added. It takes nothing away."""

import argparse
import time
from pathlib import Path

import yaml
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (AclBinding, AclOperation, AclPermissionType, AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions,
                                   NewTopic, ResourcePatternType, ResourceType)

FILES = Path(__file__).resolve().parents[2] / "k8s/components/kafka"
SECONDS = 60


def client(brokers, region):
    settings = {"bootstrap.servers": brokers}
    if region:
        from aws_msk_iam_sasl_signer import MSKAuthTokenProvider

        def token(_):
            text, milliseconds = MSKAuthTokenProvider.generate_auth_token(region)
            return text, milliseconds / 1000

        settings |= {"security.protocol": "SASL_SSL", "sasl.mechanisms": "OAUTHBEARER", "oauth_cb": token}
    admin = AdminClient(settings)
    # The token is asked for here.
    admin.poll(5 if region else 0)
    admin.list_topics(timeout=SECONDS)
    return admin


def documents(name):
    return list(yaml.safe_load_all((FILES / name).read_text(encoding="utf-8")))


def topics(admin, one_broker):
    for document in documents("topics.yaml"):
        name, spec = document["metadata"]["name"], document["spec"]
        config = dict(spec.get("config", {}))
        if one_broker:
            config.pop("min.insync.replicas", None)
        topic = NewTopic(name, spec["partitions"], 1 if one_broker else spec["replicas"], config=config)
        try:
            admin.create_topics([topic])[name].result(SECONDS)
            print(f"{name}: made, with {spec['partitions']} partitions")
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
            change(admin, name, spec["partitions"], config)


def count(admin, name):
    """Partitions. A broker that has not heard of a new topic yet says that there is none."""
    until = time.monotonic() + SECONDS
    while (found := admin.list_topics(name, timeout=SECONDS).topics[name]).error is not None or not found.partitions:
        if time.monotonic() > until:
            raise SystemExit(f"{name}: the brokers do not say its partitions: {found.error}")
        time.sleep(0.5)
    return len(found.partitions)


def change(admin, name, partitions, config):
    there = count(admin, name)
    if there < partitions:
        admin.create_partitions([NewPartitions(name, partitions)])[name].result(SECONDS)
    entries = [ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in config.items()]
    for done in admin.incremental_alter_configs([ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=entries)]).values():
        done.result(SECONDS)
    print(f"{name}: was there, with {there} partitions")


def rules(admin):
    for document in documents("users.yaml"):
        user = document["metadata"]["name"]
        wanted = [rule(user, acl["resource"], operation) for acl in document["spec"]["authorization"]["acls"] for operation in acl["operations"]]
        for done in admin.create_acls(wanted).values():
            done.result(SECONDS)
        print(f"{user}: {len(wanted)} rules")


def rule(user, resource, operation):
    return AclBinding(ResourceType[resource["type"].upper()], resource["name"], ResourcePatternType[resource.get("patternType", "literal").upper()],
                      f"User:{user}", "*", AclOperation[operation.upper()], AclPermissionType.ALLOW)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("brokers", help="HOST:PORT, several with commas")
    parser.add_argument("--iam", metavar="REGION", help="log in with IAM")
    parser.add_argument("--one-broker", action="store_true", help="one replica of everything, for tests")
    given = parser.parse_args()
    admin = client(given.brokers, given.iam)
    topics(admin, given.one_broker)
    rules(admin)


if __name__ == "__main__":
    main()
