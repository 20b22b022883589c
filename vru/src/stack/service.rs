//! A service that runs as a task of this process.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use vru_runtime::admin;
use vru_runtime::service::ServiceContext;
use vru_runtime::shutdown::Shutdown;

use crate::display::Step;

const READY_DEADLINE: Duration = Duration::from_mins(2);
/// A service that nothing was seen to wait for after this was ready at once.
const SETTLE: Duration = Duration::from_millis(500);

/// A running service with its admin server.
#[derive(Debug)]
pub struct Service {
    name: &'static str,
    context: ServiceContext,
    task: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Service {
    /// Starts a service. It stops when told, or hard with the process; not softly with the process, because the services
    /// stop one after the other.
    pub async fn start<F>(
        name: &'static str,
        address: SocketAddr,
        process: &Shutdown,
        run: impl FnOnce(ServiceContext) -> F,
    ) -> anyhow::Result<Self>
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let hard = process.hard.child_token();
        let shutdown = Shutdown { soft: hard.child_token(), hard, tracker: TaskTracker::new() };
        let context = ServiceContext { shutdown, readiness: admin::Readiness::default() };
        admin::serve(address, context.readiness.clone(), context.shutdown.hard.clone())
            .await
            .with_context(|| format!("start {name}"))?;
        let task = tokio::spawn(run(context.clone()));
        Ok(Self { name, context, task: Some(task) })
    }

    /// Waits until it is ready; an error when it ends or the deadline passes before.
    pub async fn ready(&mut self, step: &Step) -> anyhow::Result<()> {
        let until = Instant::now() + READY_DEADLINE;
        // Its parts join one by one: with none waiting it is ready, or has not begun.
        let mut begun = false;
        let settled = Instant::now() + SETTLE;
        loop {
            self.check().await?;
            let waits = self.context.readiness.waiting_for();
            begun |= !waits.is_empty();
            if waits.is_empty() && (begun || Instant::now() >= settled) {
                return Ok(());
            }
            let text = waits.iter().map(|(part, why)| format!("{part}: {why}")).collect::<Vec<_>>().join(", ");
            step.update(&text);
            anyhow::ensure!(Instant::now() < until, "{} is not ready after {READY_DEADLINE:?}: {text}", self.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// An error when it has ended by itself.
    pub async fn check(&mut self) -> anyhow::Result<()> {
        if !self.task.as_ref().is_some_and(JoinHandle::is_finished) {
            return Ok(());
        }
        self.join().await?;
        anyhow::bail!("{} ended by itself", self.name)
    }

    /// What it waits for, when it is not ready.
    pub fn waits_for(&self) -> Option<String> {
        let waits = self.context.readiness.waiting_for();
        let text = waits.iter().map(|(part, why)| format!("{part}: {why}")).collect::<Vec<_>>().join(", ");
        (!text.is_empty()).then(|| format!("{} waits for {text}", self.name))
    }

    /// Tells it to take nothing new and finish what it has, and waits to the deadline; then it is cut.
    pub async fn stop(&mut self, deadline: Duration) -> anyhow::Result<()> {
        self.context.shutdown.soft.cancel();
        let ended = match tokio::time::timeout(deadline, self.join()).await {
            Ok(ended) => ended,
            Err(_) => Err(anyhow::anyhow!("{} did not drain within {deadline:?}", self.name)),
        };
        self.context.shutdown.hard.cancel();
        ended
    }

    async fn join(&mut self) -> anyhow::Result<()> {
        // Kept in its place until it has ended, so that a wait that is cut can be taken up again.
        let Some(task) = &mut self.task else { return Ok(()) };
        let ended = task.await;
        self.task = None;
        ended.with_context(|| format!("{} panicked", self.name))?.with_context(|| format!("{} failed", self.name))
    }
}
