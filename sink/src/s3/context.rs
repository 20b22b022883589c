use vru_runtime::admin::ReadyFlag;
use vru_runtime::kafka::{ConsumerOptions, GroupConsumer, KafkaConfig};
use vru_runtime::shutdown::Shutdown;

use super::config::S3Config;
use super::uploader::Uploader;
use crate::error::SinkError;
use crate::metrics::S3_SINK;
use crate::supervise::Supervisor;

/// What both consumers have in common.
pub(crate) struct S3Context {
    pub(crate) config: S3Config,
    pub(crate) kafka: KafkaConfig,
    pub(crate) uploader: Uploader,
    pub(crate) shutdown: Shutdown,
    pub(crate) ready: ReadyFlag,
}

impl S3Context {
    /// Runs a consumer, restarting it after failures, until shutdown.
    pub(crate) async fn run_until_shutdown<F>(&self, consumer: impl FnMut() -> F)
    where
        F: Future<Output = Result<(), SinkError>>,
    {
        Supervisor::new(S3_SINK, &self.ready, self.config.retry, &self.shutdown.soft).run(consumer).await;
        self.ready.not_ready("stopped");
    }

    /// Joins the consumer group, if the bucket is accessible.
    pub(crate) async fn join(&self, options: &ConsumerOptions) -> Result<GroupConsumer, SinkError> {
        self.uploader.check().await?;
        Ok(GroupConsumer::start(&self.kafka, options)?)
    }
}
