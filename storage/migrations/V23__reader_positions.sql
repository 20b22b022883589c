-- Where the API's readers stand in Kafka, beside what they store. The offsets that they commit to Kafka do not go back when the database is
-- restored to an earlier time: what was read since then would never be stored again.
CREATE TABLE reader_positions (
    cluster_id      text    NOT NULL,
    consumer        text    NOT NULL,
    topic           text    NOT NULL,
    kafka_partition integer NOT NULL,
    topic_id        text    NOT NULL,
    next_offset     bigint  NOT NULL,
    PRIMARY KEY (cluster_id, consumer, topic, kafka_partition)
);

COMMENT ON TABLE reader_positions IS 'One row for each partition that a group of the API has read.';
COMMENT ON COLUMN reader_positions.cluster_id IS 'Id of the Kafka cluster: positions of another cluster mean nothing here.';
COMMENT ON COLUMN reader_positions.consumer IS 'Name of the consumer group.';
COMMENT ON COLUMN reader_positions.topic IS 'The topic.';
COMMENT ON COLUMN reader_positions.kafka_partition IS 'Number of the partition.';
COMMENT ON COLUMN reader_positions.topic_id IS 'Id of the topic that `next_offset` is an offset of, as in `sink_positions`.';
COMMENT ON COLUMN reader_positions.next_offset IS 'What comes before it has been stored; what follows may have been.';
