//! Reads of what the pipeline stores go to a streaming replica while it is near enough to the primary; everything else, and what the replica
//! cannot answer, to the primary.
//!
//! [`watch`](self::watch) asks both servers how far they are, and [`lag`] makes a duration of it.

mod config;
mod lag;
mod standing;
mod watch;

use std::time::{Duration, Instant};

use tokio::sync::watch::{Receiver, channel};
use vru_runtime::service::ServiceContext;
use vru_storage::postgres::{DatabaseError, Pool, PooledClient};

use crate::http::Problem;
use crate::metrics::READS;

pub use config::DatabaseSection;
pub(crate) use standing::Standing;
use watch::Watch;

/// A question that took the replica longer than this is not put to the primary as well: it would take as long there, and the request ends.
const ASK_AGAIN_WITHIN: Duration = Duration::from_secs(5);

/// Cloning it shares it.
#[derive(Debug, Clone)]
pub(crate) struct Reads {
    primary: Pool,
    replica: Option<Replica>,
}

#[derive(Debug, Clone)]
struct Replica {
    pool: Pool,
    standing: Receiver<Standing>,
}

/// What comes of a question to the replica.
enum Answer<T> {
    Found(T),
    /// The primary is to be asked, for this reason.
    AskPrimary(&'static str),
    Failed(Problem),
}

impl Reads {
    pub(crate) fn start(
        section: &DatabaseSection,
        primary: &Pool,
        context: &ServiceContext,
    ) -> Result<Self, DatabaseError> {
        let Some(connection) = section.replica() else { return Ok(Self { primary: primary.clone(), replica: None }) };
        let pool = Pool::new(&connection, "vru-api", section.pool_size, section.pool_wait)?;
        let (sender, standing) = channel(Standing::default());
        let ready = context.readiness.helpful_part("replica");
        let watch = Watch::new(section, &connection, pool.clone(), sender, ready)?;
        context.shutdown.spawn_essential("the watch of the replica", watch.run(context.shutdown.soft.clone()));
        Ok(Self { primary: primary.clone(), replica: Some(Replica { pool, standing }) })
    }

    /// How the replica is; `None` without one.
    pub(crate) fn standing(&self) -> Option<Standing> {
        self.replica.as_ref().map(|replica| replica.standing.borrow().clone())
    }

    /// Puts a question that changes nothing. Only a result is taken from the replica: what it refuses, does not find or fails at, the
    /// primary decides, so a question may be put twice.
    pub(crate) async fn run<T, F>(&self, question: impl Fn(PooledClient) -> F) -> Result<T, Problem>
    where
        F: Future<Output = Result<T, Problem>>,
    {
        if let Some(replica) = &self.replica {
            match replica.ask(&question).await {
                Answer::Found(found) => {
                    READS.with_label_values(&["replica", "near"]).inc();
                    return Ok(found);
                }
                Answer::AskPrimary(reason) => READS.with_label_values(&["primary", reason]).inc(),
                Answer::Failed(problem) => {
                    READS.with_label_values(&["replica", "failed"]).inc();
                    return Err(problem);
                }
            }
        }
        question(self.primary.get().await?).await
    }
}

impl Replica {
    async fn ask<T, F>(&self, question: &impl Fn(PooledClient) -> F) -> Answer<T>
    where
        F: Future<Output = Result<T, Problem>>,
    {
        let mut standing = self.standing.clone();
        if let Some(reason) = standing.borrow_and_update().reason() {
            return Answer::AskPrimary(reason);
        }
        let began = Instant::now();
        let answered = async { question(self.pool.get().await?).await };
        let answer = tokio::select! {
            answer = answered => answer,
            // It hangs: nobody waits for its answer.
            _ = standing.wait_for(Standing::is_lost) => return Answer::AskPrimary("lost"),
        };
        match answer {
            Ok(found) => Answer::Found(found),
            Err(problem) if began.elapsed() > ASK_AGAIN_WITHIN => Answer::Failed(problem),
            Err(problem) if problem.is_ours() => {
                tracing::warn!(problem = problem.reason(), "the replica cannot answer; the primary is asked");
                Answer::AskPrimary("failed")
            }
            // It may have come to the primary in this moment.
            Err(_) => Answer::AskPrimary("no_result"),
        }
    }
}
