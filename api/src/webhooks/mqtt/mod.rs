//! Events for MQTT brokers ([decision 71](../../../../docs/decisions/0071-mqtt.md)).
//!
//! - `topics`: the messages that an event makes. `connection`: one connection to a broker, and what the broker has confirmed.
//! - Here: which connections there are, one for each webhook.

mod connection;
mod topics;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use vru_runtime::secret::Secret;

use crate::outbound::{Failure, Outbound, Target};
use connection::{Request, Settings};
pub(super) use topics::{Message, of_event, of_test};

/// How many brokers one replica is connected to at once.
const MOST: usize = 1000;
/// Each lane has one event under way.
const WAITING: usize = 16;
/// Beyond the time that the connection itself takes at most, so that its own words say what failed.
const GRACE: Duration = Duration::from_millis(500);
/// How long all connections may take to say that they end.
const FAREWELL: Duration = Duration::from_secs(3);

/// Connections to brokers. Cloning it shares them.
#[derive(Clone)]
pub(crate) struct Brokers {
    open: Arc<Mutex<HashMap<String, Open>>>,
    /// Of this process, for the ids of its clients.
    process: [u8; 16],
}

impl Default for Brokers {
    fn default() -> Self {
        Self { open: Arc::default(), process: rand::random() }
    }
}

impl std::fmt::Debug for Brokers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Brokers").field("open", &self.open.lock().len()).finish_non_exhaustive()
    }
}

/// The broker of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broker {
    pub(super) webhook_id: String,
    pub(super) site_id: String,
    pub(super) target: Target,
    /// User name and password.
    pub(super) login: Option<(Secret, Secret)>,
}

struct Open {
    broker: Broker,
    requests: mpsc::Sender<Request>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Brokers {
    /// Returns when the broker has confirmed all of the messages, which it gets in this order.
    pub(super) async fn deliver(
        &self,
        outbound: &Outbound,
        broker: &Broker,
        messages: Vec<Message>,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + outbound.timeout + GRACE;
        let (requests, stop) = self.connection(outbound, broker)?;
        let (confirmed, answer) = oneshot::channel();
        let sent = async {
            let lost = || Failure::new("answer", "the connection to the broker has ended");
            requests.send(Request { messages, confirmed }).await.map_err(|_| lost())?;
            answer.await.map_err(|_| lost())?
        };
        timeout_at(deadline, sent).await.unwrap_or_else(|_| {
            // A broker that hangs would keep what comes next waiting, too.
            stop.cancel();
            Err(outbound.late("the broker did not confirm the event"))
        })
    }

    /// The one that is open, or a new one.
    fn connection(
        &self,
        outbound: &Outbound,
        broker: &Broker,
    ) -> Result<(mpsc::Sender<Request>, CancellationToken), Failure> {
        let mut all = self.open.lock();
        if let Some(open) = all.get(&broker.webhook_id) {
            if open.broker == *broker && !open.requests.is_closed() && !open.stop.is_cancelled() {
                return Ok((open.requests.clone(), open.stop.clone()));
            }
            // It has ended, or the webhook has other settings by now.
            open.stop.cancel();
            all.remove(&broker.webhook_id);
        }
        if all.len() >= MOST {
            all.retain(|_, open| !open.requests.is_closed());
        }
        if all.len() >= MOST {
            return Err(Failure::new(
                "connect",
                format!("this replica is connected to {MOST} brokers, and to no more"),
            ));
        }
        let (requests, received) = mpsc::channel(WAITING);
        let stop = CancellationToken::new();
        let settings = Settings::new(broker, self.process);
        let task = tokio::spawn(connection::run(outbound.clone(), settings, received, stop.clone()));
        let open = Open { broker: broker.clone(), requests: requests.clone(), stop: stop.clone(), task };
        all.insert(broker.webhook_id.clone(), open);
        Ok((requests, stop))
    }

    /// Ends all connections, and has the brokers know it.
    pub(super) async fn close(&self) {
        let all: Vec<Open> = self.open.lock().drain().map(|(_, open)| open).collect();
        for open in &all {
            open.stop.cancel();
        }
        let ended = futures::future::join_all(all.into_iter().map(|open| open.task));
        if timeout(FAREWELL, ended).await.is_err() {
            tracing::warn!("some brokers did not take the end of their connections in time");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use vru_runtime::test_util::{Mosquitto, eventually};

    use super::*;
    use crate::outbound::Reach;

    /// What a broker retains of senders and events.
    fn retained(broker: &Mosquitto) -> Vec<String> {
        let retained = tokio::task::block_in_place(|| broker.retained());
        retained.into_iter().map(|(topic, payload)| format!("{topic} {payload}")).collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_sender_is_retained_while_it_is_connected_and_under_one_name() {
        let server = tokio::task::block_in_place(Mosquitto::start);
        let reach = Reach::new(&["127.0.0.0/8".parse().unwrap()], "webhooks.allowed_networks").and_brokers();
        let outbound = Outbound::new(Path::new(""), reach, Duration::from_secs(20)).unwrap();
        let target = outbound.checked(&format!("mqtt://127.0.0.1:{}", server.port())).unwrap();
        let broker = Broker { webhook_id: "webhook_1".to_owned(), site_id: "site_1".to_owned(), target, login: None };
        let brokers = Brokers::default();
        let deliver = async || {
            let message = of_test("vru", "site_1", "{}".to_owned());
            brokers.deliver(&outbound, &broker, vec![message]).await
        };
        assert_eq!(deliver().await, Ok(()));
        let connected = retained(&server);
        assert!(connected.len() == 1 && connected[0].starts_with("vru/site_1/senders/vru"), "{connected:?}");
        // The broker comes back with what it retained, and the client under the name that it had.
        tokio::task::block_in_place(|| {
            // It writes once a second.
            std::thread::sleep(Duration::from_secs(3));
            server.server.kill();
            server.server.restart();
        });
        eventually(Duration::from_mins(1), "the broker confirms again", async || {
            deliver().await.map_err(|why| why.text)
        })
        .await;
        assert_eq!(retained(&server), connected);
        // As when the process dies: the broker publishes the last will.
        brokers.open.lock().values().for_each(|open| open.task.abort());
        let nobody = async || {
            let retained = retained(&server);
            if retained.is_empty() { Ok(()) } else { Err(format!("{retained:?}")) }
        };
        eventually(Duration::from_mins(1), "the last will", async || nobody().await).await;
        eventually(Duration::from_mins(1), "another connection", async || deliver().await.map_err(|why| why.text))
            .await;
        assert_eq!(retained(&server), connected);
        brokers.close().await;
        eventually(Duration::from_mins(1), "the farewell", async || nobody().await).await;
    }
}
