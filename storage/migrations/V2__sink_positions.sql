-- Where each consumer stands in each Kafka partition, changed in the transaction that writes the rows: rows and position are
-- stored together or not at all.
--
-- `epoch` fences: whoever is assigned the partition raises it, and every write proves that it still holds the epoch it was
-- given. A process that was paused, lost its partitions and came back holds an old epoch and writes nothing.
CREATE TABLE sink_positions (
    -- The Kafka cluster's own id: positions of another cluster mean nothing here.
    cluster_id      text        NOT NULL,
    consumer        text        NOT NULL,
    topic           text        NOT NULL,
    kafka_partition integer     NOT NULL,
    epoch           bigint      NOT NULL,
    -- The next record to read; null until the first batch was stored.
    next_offset     bigint,
    -- For people: which process took the partition over, and when.
    owner           text        NOT NULL,
    taken_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (cluster_id, consumer, topic, kafka_partition)
);
