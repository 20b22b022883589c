//! Sends what is due. A replica claims lanes for longer than an attempt may take, so that each is sent by one of them; what a replica that
//! died has claimed is due again when its lease ends.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vru_runtime::clock::now_us;
use vru_runtime::report::chain;
use vru_runtime::retry::Backoff;
use vru_storage::postgres::{DatabaseError, Pool};
use vru_storage::webhooks::{self, Attempt, Bounds, Claimed, Outcome, Waiting};

use super::config::WebhooksConfig;
use super::signature::Signed;
use super::{Webhooks, mqtt};
use crate::metrics::{WEBHOOK_DEAD, WEBHOOK_DELIVERED, WEBHOOK_DELIVERY_SECONDS, WEBHOOK_FAILED_ATTEMPTS};
use crate::outbound::Failure;

/// How often an idle sender looks for what is due.
const INTERVAL: Duration = Duration::from_millis(300);
/// How long the result of an attempt may take to be stored, beyond the attempt itself.
const STORE: Duration = Duration::from_secs(20);

pub(super) struct Sender {
    shared: Arc<Shared>,
    stop: CancellationToken,
    running: JoinSet<()>,
    /// The webhook of each running attempt.
    webhooks: HashMap<Id, String>,
}

struct Shared {
    webhooks: Webhooks,
    config: WebhooksConfig,
    database: Pool,
}

impl Sender {
    pub(super) fn new(webhooks: Webhooks, config: WebhooksConfig, database: Pool, stop: CancellationToken) -> Self {
        let shared = Arc::new(Shared { webhooks, config, database });
        Self { shared, stop, running: JoinSet::new(), webhooks: HashMap::new() }
    }

    /// Until the stop, and then until the attempts that are under way have ended.
    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::default();
        while !self.stop.is_cancelled() {
            let wait = match self.claim().await {
                Ok(claimed) => {
                    backoff.reset();
                    // There may be more.
                    if claimed > 0 && self.running.len() < self.shared.config.concurrency {
                        Duration::ZERO
                    } else {
                        INTERVAL
                    }
                }
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "deliveries to webhooks wait for the database");
                    backoff.next_delay()
                }
            };
            tokio::select! {
                Some(ended) = self.running.join_next_with_id() => self.ended(ended),
                () = tokio::time::sleep(wait) => {}
                () = self.stop.cancelled() => break,
            }
            while let Some(ended) = self.running.try_join_next_with_id() {
                self.ended(ended);
            }
        }
        while self.running.join_next().await.is_some() {}
        self.shared.webhooks.brokers.close().await;
    }

    fn ended(&mut self, ended: Result<(Id, ()), tokio::task::JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(%error, "an attempt to deliver to a webhook ended early; it is made again when its lease ends");
                error.id()
            }
        };
        self.webhooks.remove(&id);
    }

    /// Starts attempts; returns how many.
    async fn claim(&mut self) -> Result<usize, DatabaseError> {
        let config = &self.shared.config;
        let free = config.concurrency - self.running.len().min(config.concurrency);
        if free == 0 {
            return Ok(0);
        }
        let mut lanes: HashMap<&String, i32> = HashMap::new();
        for webhook in self.webhooks.values() {
            *lanes.entry(webhook).or_default() += 1;
        }
        let (busy, busy_lanes): (Vec<String>, Vec<i32>) =
            lanes.into_iter().map(|(id, count)| (id.clone(), count)).unzip();
        let lease = config.timeout + STORE + STORE;
        let bounds = Bounds {
            busy: &busy,
            busy_lanes: &busy_lanes,
            per_webhook: config.concurrency_per_webhook as i32,
            lanes: free as i64,
            lease,
        };
        let until = Instant::now() + config.timeout + STORE;
        let client = self.shared.database.get().await?;
        let claimed = webhooks::claim(&client, bounds).await?;
        let count = claimed.len();
        for claimed in claimed {
            let (shared, webhook) = (self.shared.clone(), claimed.webhook_id.clone());
            let task = self.running.spawn(async move { shared.serve(&claimed, until).await });
            self.webhooks.insert(task.id(), webhook);
        }
        Ok(count)
    }
}

impl Shared {
    async fn serve(&self, claimed: &Claimed, until: Instant) {
        let attempt = match &claimed.delivery {
            None => None,
            Some(delivery) => {
                let started = Instant::now();
                let sent = self.send(claimed, delivery).await;
                let took = started.elapsed();
                let result = if sent.is_ok() { "accepted" } else { "failed" };
                WEBHOOK_DELIVERY_SECONDS.with_label_values(&[result]).observe(took.as_secs_f64());
                Some(self.attempt(claimed, delivery, sent))
            }
        };
        let mut backoff = Backoff::default();
        loop {
            let error = match self.store(claimed, attempt.as_ref()).await {
                Ok(Outcome::Superseded) => {
                    tracing::warn!(
                        webhook = claimed.webhook_id,
                        camera = claimed.camera_id,
                        "the result of an attempt came too late"
                    );
                    return;
                }
                Ok(Outcome::Stored { dead }) => {
                    WEBHOOK_DEAD.with_label_values(&[] as &[&str]).inc_by(dead);
                    if attempt.is_some_and(|attempt| attempt.error.is_none()) {
                        WEBHOOK_DELIVERED.with_label_values(&[] as &[&str]).inc();
                    }
                    return;
                }
                Err(error) => error,
            };
            tracing::warn!(error = %chain(&error), "the result of an attempt cannot be stored");
            let wait = backoff.next_delay();
            if Instant::now() + wait >= until {
                // The lane is due again when its lease ends. The target may get the event twice.
                return;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// The status of the answer, if the target is asked by HTTP.
    async fn send(&self, claimed: &Claimed, delivery: &Waiting) -> Result<Option<u16>, Failure> {
        let target = self.webhooks.outbound.checked(&claimed.url)?;
        if target.is_broker() {
            let may_retain = claimed.told_of_ends && !delivery.outdated;
            let messages = mqtt::of_event(target.prefix(), &delivery.event, &delivery.body, may_retain)?;
            let broker = self.webhooks.broker(target, &claimed.webhook_id, &claimed.site_id, &claimed.secrets)?;
            self.webhooks.brokers.deliver(&self.webhooks.outbound, &broker, messages).await?;
            return Ok(None);
        }
        let secrets = self
            .webhooks
            .secrets
            .open(&claimed.secrets)
            .map_err(|why| Failure::new("secret", format!("nothing is sent unsigned, and the secret {why}")))?;
        let Waiting { event_id, event, body, .. } = delivery;
        let signed = Signed::new(event_id, event, now_us() / 1_000_000, &secrets, body);
        self.webhooks.post(&claimed.url, &signed, body.clone()).await.map(Some)
    }

    fn attempt(&self, claimed: &Claimed, delivery: &Waiting, sent: Result<Option<u16>, Failure>) -> Attempt {
        let give_up_after = self.config.give_up_after;
        let status = |status: u16| i16::try_from(status).ok();
        match sent {
            Ok(accepted) => {
                Attempt { status: accepted.and_then(status), error: None, wait: Duration::ZERO, give_up_after }
            }
            Err(Failure { reason, text, status: answered, retry_after }) => {
                WEBHOOK_FAILED_ATTEMPTS.with_label_values(&[reason]).inc();
                let retry = &self.config.retry;
                let wait =
                    retry.delay(claimed.failures.unsigned_abs()).max(retry_after.unwrap_or_default().min(retry.max));
                tracing::info!(
                    webhook = claimed.webhook_id,
                    camera = claimed.camera_id,
                    event = delivery.event_id,
                    attempts = delivery.attempts + 1,
                    why = text,
                    wait_s = wait.as_secs_f64(),
                    "a webhook was not accepted"
                );
                Attempt { status: answered.and_then(status), error: Some(text), wait, give_up_after }
            }
        }
    }

    async fn store(&self, claimed: &Claimed, attempt: Option<&Attempt>) -> Result<Outcome, DatabaseError> {
        let mut client = self.database.get().await?;
        let failed = DatabaseError::statement("store the result of a delivery");
        let transaction = client.transaction().await.map_err(failed)?;
        let outcome = webhooks::settle(&transaction, claimed, attempt).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(outcome)
    }
}
