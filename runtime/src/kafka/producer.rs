use std::time::Duration;

use rdkafka::producer::FutureProducer;

use super::config::KafkaConfig;
use super::context::LogContext;
use super::error::KafkaFailure;

/// A producer whose results are awaited one by one.
pub type Producer = FutureProducer<LogContext>;

/// How a producer behaves.
#[derive(Debug, Clone)]
pub struct ProducerOptions {
    /// Shows in the broker's logs and quotas.
    pub client_id: String,
    /// How long a record may take, with all retries, before it is given up and reported. Zero: never.
    pub message_timeout: Duration,
    /// Bound of the local queue, bytes.
    pub queue_bytes: usize,
    /// How long to gather records into one request.
    pub linger: Duration,
    /// `none`, `lz4`, `zstd`: pictures are compressed already.
    pub compression: &'static str,
}

impl Default for ProducerOptions {
    fn default() -> Self {
        Self {
            client_id: "vru".to_owned(),
            message_timeout: Duration::from_secs(30),
            queue_bytes: 64 * 1024 * 1024,
            linger: Duration::from_millis(2),
            compression: "none",
        }
    }
}

impl KafkaConfig {
    /// An idempotent producer with `acks=all`: what is acknowledged is there once, in order.
    pub fn producer(&self, options: &ProducerOptions) -> Result<Producer, KafkaFailure> {
        let mut client = self.client(&options.client_id);
        client
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("message.timeout.ms", options.message_timeout.as_millis().to_string())
            .set("queue.buffering.max.kbytes", (options.queue_bytes / 1024).max(1).to_string())
            .set("queue.buffering.max.ms", options.linger.as_millis().to_string())
            .set("compression.type", options.compression)
            // The same key must land in the same partition whichever client wrote it (Java's is murmur2 too).
            .set("partitioner", "murmur2_random");
        self.apply_options(&mut client);
        client.create_with_context(LogContext).map_err(|source| KafkaFailure::new("create a producer", "-", source))
    }
}
