//! One connection to a broker. It ends when it fails, when nothing was sent for a while, and when it is told to.

use std::collections::HashMap;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::v4::{ConnAck, Connect, ConnectReturnCode, LastWill, Packet, Publish};
use rumqttc::mqttbytes::{Error, QoS};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use vru_runtime::secret::Secret;

use super::Broker;
use super::topics::{Message, status};
use crate::metrics::MQTT_CONNECTIONS;
use crate::outbound::{Failure, Outbound, Stream, Target};

/// After this time without a packet the broker takes the connection for dead.
const KEEP_ALIVE: Duration = Duration::from_mins(1);
const PING: Duration = Duration::from_secs(20);
/// How long a connection on which nothing is sent stays.
const IDLE: Duration = Duration::from_mins(10);
/// Messages that are not confirmed yet.
const MOST_UNCONFIRMED: usize = 32;
const LARGEST_SENT: usize = 256 * 1024;
/// Confirmations have four bytes.
const LARGEST_RECEIVED: usize = 1024;
const FAREWELL: Duration = Duration::from_secs(2);

/// Messages of one event.
pub(super) struct Request {
    pub(super) messages: Vec<Message>,
    pub(super) confirmed: oneshot::Sender<Result<(), Failure>>,
}

/// What a connection is made with.
pub(super) struct Settings {
    target: Target,
    login: Option<(Secret, Secret)>,
    client_id: String,
    status: String,
}

impl Settings {
    /// `process`: random bytes of this process. A connection that is made again has the same id, and so the same topic: a broker that was
    /// killed still retains what it says.
    pub(super) fn new(broker: &Broker, process: [u8; 16]) -> Self {
        let hash = Sha256::new().chain_update(process).chain_update(&broker.webhook_id).finalize();
        // 23 letters and digits: every broker takes such an id.
        let client_id = format!("vru{}", hex::encode(&hash[..10]));
        let status = status(broker.target.prefix(), &broker.site_id, &client_id);
        Self { target: broker.target.clone(), login: broker.login.clone(), client_id, status }
    }
}

/// Whoever waits for a confirmation gets it, or why there is none.
pub(super) async fn run(
    outbound: Outbound,
    settings: Settings,
    mut requests: mpsc::Receiver<Request>,
    stop: CancellationToken,
) {
    let mut unconfirmed = Unconfirmed::default();
    let ended = match Link::open(&outbound, &settings).await {
        Ok(mut link) => {
            let open = MQTT_CONNECTIONS.with_label_values(&[] as &[&str]);
            open.inc();
            let ended = link.serve(&mut requests, &mut unconfirmed, &stop).await;
            if ended.is_ok() {
                link.leave(&settings.status).await;
            }
            open.dec();
            ended
        }
        Err(failure) => Err(failure),
    };
    let failure = ended.err().unwrap_or_else(|| Failure::new("answer", "the connection to the broker has ended"));
    requests.close();
    for (_, (_, confirmed)) in unconfirmed.requests.drain() {
        confirmed.send(Err(failure.clone())).ok();
    }
    while let Some(request) = requests.recv().await {
        request.confirmed.send(Err(failure.clone())).ok();
    }
}

/// What was sent and not confirmed.
#[derive(Default)]
struct Unconfirmed {
    /// The request of each message.
    messages: HashMap<u16, u64>,
    /// How many messages of each request are left, and who waits.
    requests: HashMap<u64, (usize, oneshot::Sender<Result<(), Failure>>)>,
    last: u64,
}

impl Unconfirmed {
    fn confirm(&mut self, id: u16) {
        // The status of the connection has no request.
        let Some(request) = self.messages.remove(&id) else { return };
        let Some((left, _)) = self.requests.get_mut(&request) else { return };
        *left -= 1;
        if *left == 0
            && let Some((_, confirmed)) = self.requests.remove(&request)
        {
            // Who waited may have given up.
            confirmed.send(Ok(())).ok();
        }
    }
}

struct Link {
    stream: Stream,
    received: BytesMut,
    last_id: u16,
}

impl Link {
    async fn open(outbound: &Outbound, settings: &Settings) -> Result<Self, Failure> {
        let deadline = Instant::now() + outbound.timeout;
        let stream = outbound.connect(&settings.target, deadline).await?;
        let mut link = Self { stream, received: BytesMut::new(), last_id: 0 };
        let greeted = timeout_at(deadline, link.greet(settings)).await;
        greeted.map_err(|_| outbound.late("the broker did not answer"))??;
        Ok(link)
    }

    async fn greet(&mut self, settings: &Settings) -> Result<(), Failure> {
        let mut connect = Connect::new(&settings.client_id);
        connect.keep_alive = KEEP_ALIVE.as_secs() as u16;
        connect.last_will = Some(LastWill::new(&settings.status, Vec::new(), QoS::AtLeastOnce, true));
        if let Some((username, password)) = &settings.login {
            connect.set_login(username.expose(), password.expose());
        }
        self.write(&Packet::Connect(connect)).await?;
        match self.packet().await? {
            Packet::ConnAck(ConnAck { code: ConnectReturnCode::Success, .. }) => {}
            Packet::ConnAck(ConnAck { code, .. }) => return Err(refused(code)),
            _ => return Err(unexpected()),
        }
        let online = Message { topic: settings.status.clone(), payload: Bytes::from_static(b"online"), retain: true };
        self.publish(online).await.map(drop)
    }

    /// An error, unless it ends because it may.
    async fn serve(
        &mut self,
        requests: &mut mpsc::Receiver<Request>,
        unconfirmed: &mut Unconfirmed,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let (mut ping_at, mut idle_at) = (Instant::now() + PING, Instant::now() + IDLE);
        let mut pinged = false;
        loop {
            tokio::select! {
                request = requests.recv(), if unconfirmed.messages.len() < MOST_UNCONFIRMED => {
                    let Some(Request { messages, confirmed }) = request else { return Ok(()) };
                    idle_at = Instant::now() + IDLE;
                    unconfirmed.last += 1;
                    let number = unconfirmed.last;
                    unconfirmed.requests.insert(number, (messages.len(), confirmed));
                    for message in messages {
                        let id = self.publish(message).await?;
                        unconfirmed.messages.insert(id, number);
                    }
                }
                packet = self.packet() => match packet? {
                    Packet::PubAck(confirmation) => unconfirmed.confirm(confirmation.pkid),
                    Packet::PingResp => pinged = false,
                    _ => return Err(unexpected()),
                },
                () = sleep_until(ping_at) => {
                    if pinged {
                        return Err(Failure::new("timeout", "the broker answers no more"));
                    }
                    self.write(&Packet::PingReq).await?;
                    pinged = true;
                    ping_at += PING;
                }
                () = sleep_until(idle_at), if unconfirmed.requests.is_empty() => return Ok(()),
                () = stop.cancelled() => return Ok(()),
            }
        }
    }

    /// Returns the number with which the broker confirms it.
    async fn publish(&mut self, message: Message) -> Result<u16, Failure> {
        let Message { topic, payload, retain } = message;
        let mut publish = Publish::from_bytes(topic, QoS::AtLeastOnce, payload);
        // 0 is no number. So few are unconfirmed that none of them has this one.
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        publish.pkid = self.last_id;
        publish.retain = retain;
        self.write(&Packet::Publish(publish)).await?;
        Ok(self.last_id)
    }

    async fn write(&mut self, packet: &Packet) -> Result<(), Failure> {
        let mut bytes = BytesMut::new();
        let encoded = packet.write(&mut bytes, LARGEST_SENT);
        encoded.map_err(|error| Failure::new("target", format!("the event cannot be sent: {error}")))?;
        let sent = async {
            self.stream.write_all(&bytes).await?;
            self.stream.flush().await
        };
        match timeout(PING, sent).await {
            Ok(sent) => sent.map_err(|error| lost(&error)),
            Err(_) => Err(Failure::new("timeout", "the broker reads nothing")),
        }
    }

    /// Loses nothing when it is dropped.
    async fn packet(&mut self) -> Result<Packet, Failure> {
        loop {
            match Packet::read(&mut self.received, LARGEST_RECEIVED) {
                Ok(packet) => return Ok(packet),
                Err(Error::InsufficientBytes(_)) => {}
                Err(error) => return Err(Failure::new("answer", format!("the broker does not speak MQTT: {error}"))),
            }
            if self.stream.read_buf(&mut self.received).await.map_err(|error| lost(&error))? == 0 {
                return Err(Failure::new("answer", "the broker closed the connection"));
            }
        }
    }

    /// The broker publishes no last will then.
    async fn leave(&mut self, status: &str) {
        let farewell = async {
            self.publish(Message { topic: status.to_owned(), payload: Bytes::new(), retain: true }).await?;
            self.write(&Packet::Disconnect).await?;
            self.stream.shutdown().await.map_err(|error| lost(&error))
        };
        if !matches!(timeout(FAREWELL, farewell).await, Ok(Ok(()))) {
            tracing::debug!("a broker did not take the end of a connection");
        }
    }
}

fn lost(error: &std::io::Error) -> Failure {
    Failure::new("answer", format!("the connection to the broker was lost: {error}"))
}

fn unexpected() -> Failure {
    Failure::new("answer", "the broker sent what no broker sends to a client that only publishes")
}

fn refused(code: ConnectReturnCode) -> Failure {
    let why = match code {
        ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized => {
            "the broker refuses the login: set `credentials` that it knows"
        }
        ConnectReturnCode::RefusedProtocolVersion => "the broker does not speak MQTT 3.1.1",
        ConnectReturnCode::BadClientId => "the broker refuses the id of the client",
        ConnectReturnCode::ServiceUnavailable | ConnectReturnCode::Success => "the broker serves nobody now",
    };
    Failure::new("refused", why)
}
