use std::time::{Duration, Instant};

use tokio::sync::watch::Sender;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::report::chain;
use vru_storage::postgres::{DatabaseConfig, DatabaseError, Pool, Replication};

use super::config::DatabaseSection;
use super::lag::Lag;
use super::standing::Standing;
use crate::metrics::{REPLICA_LAG, REPLICA_USED};

const INTERVAL: Duration = Duration::from_millis(500);
/// How long a server may take to say how far it is.
const DEADLINE: Duration = Duration::from_secs(2);

/// Asks both servers how far they are. Requests that hang take no connection from it.
pub(super) struct Watch {
    primary: Pool,
    replica: Pool,
    /// The connections of the requests.
    requests: Pool,
    max_lag: Duration,
    lag: Lag,
    /// Of the primary: which replica is one of it.
    cluster: Option<(i64, String)>,
    standing: Sender<Standing>,
    ready: ReadyFlag,
}

impl Watch {
    pub(super) fn new(
        section: &DatabaseSection,
        replica: &DatabaseConfig,
        requests: Pool,
        standing: Sender<Standing>,
        ready: ReadyFlag,
    ) -> Result<Self, DatabaseError> {
        let pool = |connection| Pool::new(connection, "vru-api replication", 1, DEADLINE);
        Ok(Self {
            primary: pool(&section.connection)?,
            replica: pool(replica)?,
            requests,
            max_lag: section.replica_max_lag,
            lag: Lag::default(),
            cluster: None,
            standing,
            ready,
        })
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.cancelled() => return,
            }
            let at = Instant::now();
            let (primary, replica) = tokio::join!(ask(&self.primary), ask(&self.replica));
            let standing = self.judge(at, primary, replica);
            self.tell(standing);
        }
    }

    fn judge(
        &mut self,
        at: Instant,
        primary: Result<Replication, String>,
        replica: Result<Replication, String>,
    ) -> Standing {
        let replica = match replica {
            Ok(replica) => replica,
            Err(why) => return Standing::Lost(format!("the replica does not answer: {why}")),
        };
        if !replica.is_replica {
            let why =
                "`database.replica_url` leads to a server that is no replica: it was promoted, or the address is wrong";
            return Standing::Foreign(why.to_owned());
        }
        let away = match primary {
            Ok(primary) => {
                self.cluster = Some((primary.cluster, primary.database));
                self.lag.written(at, primary.position);
                None
            }
            Err(why) => Some(why),
        };
        if let Some((cluster, database)) = &self.cluster
            && (*cluster != replica.cluster || *database != replica.database)
        {
            let why = "`database.replica_url` leads to another cluster or database than that of the primary";
            return Standing::Foreign(why.to_owned());
        }
        self.lag.replayed(replica.position);
        match (self.lag.at(Instant::now()), away) {
            (Some(lag), _) if lag <= self.max_lag => Standing::Near(lag),
            (_, Some(why)) => Standing::Lagging(format!(
                "how far the replica is behind is not known, because the primary does not answer: {why}"
            )),
            (Some(lag), None) => {
                let (lag, most) = (lag.as_secs_f64(), self.max_lag.as_secs_f64());
                Standing::Lagging(format!(
                    "the replica is {lag:.1} s behind; `database.replica_max_lag` allows {most} s"
                ))
            }
            (None, None) => {
                Standing::Lagging("the replica has not caught up since this service began to watch it".to_owned())
            }
        }
    }

    fn tell(&self, standing: Standing) {
        let was_used = self.standing.borrow().reason().is_none();
        match &standing {
            Standing::Near(lag) => {
                REPLICA_LAG.with_label_values::<&str>(&[]).set(lag.as_millis() as i64);
                if !was_used {
                    // Of those that are open, some may wait for what they were asked before.
                    self.requests.close_idle();
                }
                self.ready.ready();
            }
            unused => {
                self.ready.not_ready(format!("{}; the primary serves its reads", unused.why().unwrap_or_default()));
            }
        }
        REPLICA_USED.with_label_values::<&str>(&[]).set(i64::from(standing.reason().is_none()));
        self.standing.send_replace(standing);
    }
}

async fn ask(server: &Pool) -> Result<Replication, String> {
    let answer = async { Replication::read(&server.get().await?).await };
    let answer = timeout(DEADLINE, answer).await;
    let found = match answer {
        Ok(answer) => answer.map_err(|error| chain(&error).to_string()),
        Err(_) => Err(format!("no answer within {DEADLINE:?}")),
    };
    if found.is_err() {
        // The connection may still wait for the answer.
        server.close_idle();
    }
    found
}
