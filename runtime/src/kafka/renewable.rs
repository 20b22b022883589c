use parking_lot::Mutex;

use super::config::KafkaConfig;
use super::error::KafkaFailure;
use super::producer::{Producer, ProducerOptions};
use crate::report::chain;

/// A producer that is replaced after a fatal error: then it accepts nothing any more.
#[derive(Debug)]
pub struct RenewableProducer {
    config: KafkaConfig,
    options: ProducerOptions,
    current: Mutex<Producer>,
}

impl RenewableProducer {
    pub fn new(config: &KafkaConfig, options: ProducerOptions) -> Result<Self, KafkaFailure> {
        let current = Mutex::new(config.producer(&options)?);
        Ok(Self { config: config.clone(), options, current })
    }

    /// A handle of the present producer. Send through it without a lock.
    pub fn current(&self) -> Producer {
        let mut current = self.current.lock();
        if let Some(reason) = current.fatal_error() {
            match self.config.producer(&self.options) {
                Ok(fresh) => {
                    tracing::error!(reason, "the Kafka producer had a fatal error and was replaced");
                    *current = fresh;
                }
                Err(error) => tracing::error!(error = %chain(&error), "cannot replace the Kafka producer"),
            }
        }
        current.clone()
    }
}
