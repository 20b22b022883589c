//! The peer: only tonic and a broadcast channel. It runs as a second process of this program.

use std::path::Path;
use std::pin::Pin;

use futures::{Stream, StreamExt as _};
use prost::Message as _;
use tokio::sync::broadcast;
use tokio_stream::wrappers::{BroadcastStream, TcpListenerStream};
use tonic::{Request, Response, Status};
use vru_benches::peer::{ServerPeer, tell_address};
use vru_proto::v1::alerts_server::{Alerts, AlertsServer};
use vru_proto::v1::subscribe_response::Event;
use vru_proto::v1::{SubscribeRequest, SubscribeResponse, Subscribed};
use vru_runtime::clock::now_us;

/// Path of the response to send. If this variable is set, the process is the server.
const RESPONSE: &str = "VRU_BENCH_TONIC_RESPONSE";

/// The server's process, with the response to send. A line with a number makes it send so many to every subscriber.
pub fn start(response: &Path) -> ServerPeer {
    ServerPeer::start(RESPONSE, response)
}

/// Whether this process must be the server.
pub fn is_requested() -> bool {
    std::env::var_os(RESPONSE).is_some()
}

struct Bare(broadcast::Sender<SubscribeResponse>);

#[tonic::async_trait]
impl Alerts for Bare {
    type SubscribeStream = Pin<Box<dyn Stream<Item = Result<SubscribeResponse, Status>> + Send>>;

    async fn subscribe(&self, _request: Request<SubscribeRequest>) -> Result<Response<Self::SubscribeStream>, Status> {
        let responses = BroadcastStream::new(self.0.subscribe());
        let responses = responses.map(|response| response.map_err(|error| Status::data_loss(error.to_string())));
        let subscribed = SubscribeResponse { event: Some(Event::Subscribed(Subscribed {})), ..Default::default() };
        Ok(Response::new(Box::pin(futures::stream::once(std::future::ready(Ok(subscribed))).chain(responses))))
    }
}

/// Serves until standard input ends. Each line is a number of responses to send.
pub fn serve() {
    let file = std::env::var_os(RESPONSE).expect("this process is the server");
    let bytes = std::fs::read(file).expect("the response is there");
    let response = SubscribeResponse::decode(bytes.as_slice()).expect("a response");
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let (responses, _) = broadcast::channel(1024);
    let server = AlertsServer::new(Bare(responses.clone()));
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a loopback port is free");
    tell_address(&listener);
    let router = tonic::transport::Server::builder().add_service(server);
    runtime.spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
    for line in std::io::stdin().lines() {
        let count: usize = line.expect("commands are text").parse().expect("a command is a number");
        for _ in 0..count {
            let mut stamped = response.clone();
            if let Some(Event::Alert(alert)) = &mut stamped.event {
                alert.emitted_at_us = now_us();
            }
            // Fails only without subscribers.
            responses.send(stamped).expect("there are subscribers");
        }
    }
}
