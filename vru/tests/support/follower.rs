//! A subscriber as an application should be: whenever its stream ends or falls silent, it resumes with its token.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tonic::{Code, Status};
use vru_proto::v1;
use vru_proto::v1::subscribe_response::Event;
use vru_runtime::test_util::wait_for;

use super::pipeline::DEADLINE;
use super::subscriber::open;

/// A server hangs when it sends nothing for this long; the servers of the tests send two heartbeats a second.
const SILENCE: Duration = Duration::from_secs(5);
const RECONNECT: Duration = Duration::from_millis(100);

/// Everything received, over all streams.
#[derive(Debug, Default)]
struct Followed {
    alerts: Vec<String>,
    missed: u64,
    token: String,
    heartbeats: usize,
    streams: usize,
    /// How often streams could not be opened or ended, by reason.
    ended: BTreeMap<String, usize>,
    /// A server rejected the resume token.
    refused: bool,
}

/// Follows the alerts of servers that are restarted or fail. Dropping it disconnects.
pub struct Follower {
    followed: Arc<Mutex<Followed>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Follower {
    /// Subscribes to the servers at these ports, one at a time and in turns, and returns when it has a token to resume with.
    pub fn start(ports: &[u16]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let followed = Arc::new(Mutex::new(Followed::default()));
        runtime.spawn(follow(ports.to_vec(), followed.clone()));
        let follower = Self { followed, runtime: Some(runtime) };
        wait_for(DEADLINE, "a first token", || {
            let followed = follower.followed.lock();
            if followed.token.is_empty() { Err(format!("{followed:?}")) } else { Ok(()) }
        });
        follower
    }

    /// Waits for this number of alerts, and then until the stream is quiet: a server sends a heartbeat when nothing is left to send.
    /// Returns the ids of the alerts in the order of their arrival.
    pub fn wait_for_alerts(&self, count: usize) -> Vec<String> {
        wait_for(DEADLINE, &format!("{count} alerts at the subscriber"), || {
            let followed = self.followed.lock();
            if followed.alerts.len() >= count {
                Ok(())
            } else {
                Err(format!("{}: {followed:?}", followed.alerts.len()))
            }
        });
        let before = self.followed.lock().heartbeats;
        wait_for(DEADLINE, "the stream to be quiet", || {
            let followed = self.followed.lock();
            if followed.heartbeats > before + 1 { Ok(()) } else { Err(format!("{followed:?}")) }
        });
        let followed = self.followed.lock();
        assert!(!followed.refused, "a resume token was rejected: {followed:?}");
        assert_eq!(followed.missed, 0, "alerts are lost: {followed:?}");
        followed.alerts.clone()
    }

    /// How many streams were opened.
    pub fn streams(&self) -> usize {
        self.followed.lock().streams
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn follow(ports: Vec<u16>, followed: Arc<Mutex<Followed>>) {
    for port in ports.iter().cycle() {
        let why = match stream(*port, &followed).await {
            Ok(()) => "the stream ended without an error".to_owned(),
            Err(status) => {
                followed.lock().refused |= status.code() == Code::InvalidArgument;
                status.message().to_owned()
            }
        };
        *followed.lock().ended.entry(why).or_default() += 1;
        tokio::time::sleep(RECONNECT).await;
    }
}

/// Reads one stream to its end.
async fn stream(port: u16, followed: &Mutex<Followed>) -> Result<(), Status> {
    let silent = |_| Status::deadline_exceeded("the server hangs");
    let request = v1::SubscribeRequest { resume_token: followed.lock().token.clone(), ..Default::default() };
    let mut stream = tokio::time::timeout(SILENCE, open(port, request)).await.map_err(silent)??;
    followed.lock().streams += 1;
    while let Some(response) = tokio::time::timeout(SILENCE, stream.message()).await.map_err(silent)?? {
        followed.lock().take(response);
    }
    Ok(())
}

impl Followed {
    fn take(&mut self, response: v1::SubscribeResponse) {
        self.token = response.resume_token;
        match response.event {
            Some(Event::Alert(alert)) if alert.is_end() => {}
            Some(Event::Alert(alert)) => self.alerts.push(alert.id),
            Some(Event::Subscribed(_)) => {}
            Some(Event::Heartbeat(_)) => self.heartbeats += 1,
            Some(Event::Gap(gap)) => self.missed += gap.missed_records,
            None => panic!("a response without an event"),
        }
    }
}
