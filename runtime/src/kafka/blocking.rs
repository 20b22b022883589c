use super::error::KafkaFailure;

/// Runs a call that waits for Kafka off the async workers. A panic in it goes on in the caller.
pub async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, KafkaFailure> + Send + 'static,
) -> Result<T, KafkaFailure> {
    match tokio::task::spawn_blocking(call).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
