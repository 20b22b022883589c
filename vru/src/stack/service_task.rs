//! A service that runs as a task of this process.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use vru_runtime::admin;
use vru_runtime::failure::Failure;
use vru_runtime::service::ServiceContext;
use vru_runtime::shutdown::Shutdown;

use crate::display::ProgressStep;

const READY_DEADLINE: Duration = Duration::from_mins(2);

/// A running service with its admin server.
#[derive(Debug)]
pub(super) struct ServiceTask {
    name: &'static str,
    context: ServiceContext,
    task: Option<JoinHandle<anyhow::Result<()>>>,
}

impl ServiceTask {
    /// Starts a service. `admin_key` is the configuration key of the admin server's address.
    ///
    /// The process's hard stop stops the service too. Its soft stop does not: the stack stops one service after the other.
    pub(super) async fn start<F>(
        name: &'static str,
        admin_key: &str,
        address: SocketAddr,
        process: &Shutdown,
        run: impl FnOnce(ServiceContext) -> F,
    ) -> anyhow::Result<Self>
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let hard = process.hard.child_token();
        let (soft, failure) = (hard.child_token(), Failure::default());
        let shutdown = Shutdown { soft, hard, tracker: TaskTracker::new(), failure };
        let context = ServiceContext { shutdown, readiness: admin::Readiness::default() };
        admin::serve(address, context.readiness.clone(), &context.shutdown)
            .await
            .with_context(|| format!("start {name}: its admin address (setting {admin_key}) must be free"))?;
        let task = tokio::spawn(run(context.clone()));
        Ok(Self { name, context, task: Some(task) })
    }

    /// Waits until the service is ready. An error when it ends, or the deadline passes.
    pub(super) async fn ready(&mut self, step: &ProgressStep) -> anyhow::Result<()> {
        let until = Instant::now() + READY_DEADLINE;
        loop {
            self.check().await?;
            let Some(waiting) = self.waiting_parts() else { return Ok(()) };
            step.update(&waiting);
            anyhow::ensure!(Instant::now() < until, "{} is not ready after {READY_DEADLINE:?}: {waiting}", self.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// An error when the service has failed, or has ended without being stopped.
    pub(super) async fn check(&mut self) -> anyhow::Result<()> {
        if let Some(error) = self.context.shutdown.failure.take() {
            return Err(error).with_context(|| format!("{} failed", self.name));
        }
        if !self.task.as_ref().is_some_and(JoinHandle::is_finished) {
            return Ok(());
        }
        self.join().await?;
        anyhow::bail!("{} ended unexpectedly", self.name)
    }

    /// What the service waits for; none when it is ready.
    pub(super) fn waits_for(&self) -> Option<String> {
        self.waiting_parts().map(|parts| format!("{} waits for {parts}", self.name))
    }

    /// Asks the service to drain, and waits for its end; at the deadline it is stopped hard.
    pub(super) async fn stop(&mut self, deadline: Duration) -> anyhow::Result<()> {
        self.context.shutdown.soft.cancel();
        let ended = match tokio::time::timeout(deadline, self.join()).await {
            Ok(ended) => ended,
            Err(_) => Err(anyhow::anyhow!("{} did not drain within {deadline:?}", self.name)),
        };
        self.context.shutdown.hard.cancel();
        ended
    }

    fn waiting_parts(&self) -> Option<String> {
        let parts = self.context.readiness.waiting_for();
        let text = parts.iter().map(|(part, why)| format!("{part}: {why}")).collect::<Vec<_>>().join(", ");
        (!text.is_empty()).then_some(text)
    }

    async fn join(&mut self) -> anyhow::Result<()> {
        // The handle stays in its place until the task has ended, so that a cancelled wait can be repeated.
        let Some(task) = &mut self.task else { return Ok(()) };
        let ended = task.await;
        self.task = None;
        ended.with_context(|| format!("{} panicked", self.name))?.with_context(|| format!("{} failed", self.name))
    }
}
