//! The peer: axum's WebSocket and a broadcast channel. It runs as a second process of this program.

use std::path::Path;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use tokio::sync::broadcast;
use vru_benches::peer::{ServerPeer, tell_address};

/// Path of the message to send. If this variable is set, the process is the server.
const MESSAGE: &str = "VRU_BENCH_SOCKET_MESSAGE";

/// The server's process, with the message to send. An empty line makes it send the message to every viewer.
pub fn start(message: &Path) -> ServerPeer {
    ServerPeer::start(MESSAGE, message)
}

/// Of the feed.
pub fn url(server: &ServerPeer) -> String {
    format!("ws://{}/feed", server.address())
}

/// Whether this process must be the server.
pub fn is_requested() -> bool {
    std::env::var_os(MESSAGE).is_some()
}

/// Serves until standard input ends. Each line is a message to send.
pub fn serve() {
    let file = std::env::var_os(MESSAGE).expect("this process is the server");
    let message = Bytes::from(std::fs::read(file).expect("the message is there"));
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    // A viewer that is behind skips, as ours do.
    let (messages, _) = broadcast::channel(2);
    let app = Router::new().route("/feed", get(feed)).with_state(messages.clone());
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a loopback port is free");
    tell_address(&listener);
    runtime.spawn(async { axum::serve(listener, app).await });
    for line in std::io::stdin().lines() {
        line.expect("commands are text");
        // Fails only without viewers.
        messages.send(message.clone()).expect("there are viewers");
    }
}

async fn feed(upgrade: WebSocketUpgrade, State(messages): State<broadcast::Sender<Bytes>>) -> Response {
    let messages = messages.subscribe();
    upgrade.on_upgrade(move |socket| send(socket, messages))
}

async fn send(mut socket: WebSocket, mut messages: broadcast::Receiver<Bytes>) {
    loop {
        let message = match messages.recv().await {
            Ok(message) => message,
            Err(broadcast::error::RecvError::Lagged(_)) => continue,
            Err(broadcast::error::RecvError::Closed) => return,
        };
        if socket.send(Message::Binary(message)).await.is_err() {
            return;
        }
    }
}
