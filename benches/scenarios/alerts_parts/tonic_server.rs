//! The peer: only tonic and a broadcast channel. It runs as a second process of this program.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::pin::Pin;
use std::process::{Child, ChildStdin, Command, Stdio};

use futures::{Stream, StreamExt as _};
use prost::Message as _;
use tokio::sync::broadcast;
use tokio_stream::wrappers::{BroadcastStream, TcpListenerStream};
use tonic::{Request, Response, Status};
use vru_proto::v1::alerts_server::{Alerts, AlertsServer};
use vru_proto::v1::subscribe_response::Event;
use vru_proto::v1::{SubscribeRequest, SubscribeResponse, Subscribed};
use vru_runtime::clock::now_us;

/// Path of the response to send. If this variable is set, the process is the server.
const RESPONSE: &str = "VRU_BENCH_TONIC_RESPONSE";

/// The server's process.
#[derive(Debug)]
pub struct TonicServer {
    child: Child,
    commands: ChildStdin,
    address: String,
}

impl TonicServer {
    /// Starts the server with the response to send.
    pub fn start(response: &Path) -> Self {
        let program = std::env::current_exe().expect("a process knows its own file");
        let mut command = Command::new(program);
        command.env(RESPONSE, response).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program starts");
        let commands = child.stdin.take().expect("stdin is a pipe");
        let mut address = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        output.read_line(&mut address).expect("it says where it listens");
        Self { child, commands, address: address.trim().to_owned() }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// Makes the server send `count` responses to every subscriber.
    pub fn send(&mut self, count: usize) {
        writeln!(self.commands, "{count}").expect("it reads");
    }
}

impl Drop for TonicServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
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
    let address = listener.local_addr().expect("it listens");
    let router = tonic::transport::Server::builder().add_service(server);
    runtime.spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
    writeln!(std::io::stdout(), "{address}").expect("the bench reads");
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
