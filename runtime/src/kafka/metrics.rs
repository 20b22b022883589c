//! The metrics of the Kafka clients.

use std::sync::LazyLock;

use prometheus::IntCounterVec;

use crate::metrics::counter_vec;

pub(super) static RECREATED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "kafka_recreated_partitions_total",
        "Partitions read from their beginning because their topic was deleted and created again, by topic. How many records of \
         the old topic were not read is unknown.",
        &["topic"],
    )
});
