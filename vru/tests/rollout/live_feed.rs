//! A page with live pictures: a WebSocket that it opens again whenever it is closed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use vru_runtime::test_util::wait_for;

use crate::api_load::ApiClient;
use crate::pipeline::DEADLINE;

const RECONNECT: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
pub struct Watched {
    /// The cameras of which a picture came over the present socket.
    seen: BTreeSet<String>,
    /// Sockets that were opened.
    pub sockets: usize,
    /// How sockets ended: the code, or `cut`.
    pub closed: Vec<String>,
    /// Why others could not be opened.
    pub failures: Vec<String>,
}

/// Watches until the stop.
pub struct LiveFeed {
    watched: Arc<Mutex<Watched>>,
    task: JoinHandle<()>,
}

impl LiveFeed {
    pub fn start(runtime: &Runtime, client: &ApiClient, cameras: &[String]) -> Self {
        let watched = Arc::new(Mutex::new(Watched::default()));
        let address = format!("ws://{}/api/v1/live/feed", client.address);
        let wanted: Vec<Value> = cameras.iter().map(|id| json!({ "camera_id": id, "rendition": "tile" })).collect();
        let wish = json!({ "watch": wanted }).to_string();
        let task = runtime.spawn(watch(address, client.cookie().to_owned(), wish, watched.clone()));
        Self { watched, task }
    }

    /// Waits until one socket has brought pictures of all these cameras from now on.
    pub fn wait_for_pictures(&self, when: &str, cameras: &[String]) {
        self.watched.lock().seen.clear();
        wait_for(DEADLINE, &format!("live pictures {when}"), || {
            let watched = self.watched.lock();
            let all = cameras.iter().all(|camera| watched.seen.contains(camera));
            if all { Ok(()) } else { Err(format!("{watched:?}")) }
        });
    }

    pub fn stop(self) -> Watched {
        self.task.abort();
        std::mem::take(&mut *self.watched.lock())
    }
}

async fn watch(address: String, cookie: String, wish: String, watched: Arc<Mutex<Watched>>) {
    loop {
        match serve_socket(&address, &cookie, &wish, &watched).await {
            Ok(how) => watched.lock().closed.push(how),
            Err(why) => watched.lock().failures.push(why),
        }
        watched.lock().seen.clear();
        tokio::time::sleep(RECONNECT).await;
    }
}

/// One socket to its end, and how that was.
async fn serve_socket(address: &str, cookie: &str, wish: &str, watched: &Mutex<Watched>) -> Result<String, String> {
    let mut request = address.into_client_request().map_err(|error| error.to_string())?;
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    let (mut socket, _) = connect_async(request).await.map_err(|error| error.to_string())?;
    watched.lock().sockets += 1;
    if socket.send(Message::text(wish)).await.is_err() {
        return Ok("cut".to_owned());
    }
    while let Some(message) = socket.next().await {
        match message {
            Ok(Message::Binary(bytes)) => {
                let head = head_of(&bytes).ok_or("a message without a head")?;
                if !head["picture"].is_null() {
                    watched.lock().seen.insert(head["camera_id"].as_str().unwrap_or_default().to_owned());
                }
            }
            Ok(Message::Close(frame)) => {
                return Ok(frame.map_or_else(|| "no code".to_owned(), |frame| u16::from(frame.code).to_string()));
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    Ok("cut".to_owned())
}

/// The JSON before the picture, behind its length.
fn head_of(message: &[u8]) -> Option<Value> {
    let (length, rest) = message.split_first_chunk()?;
    serde_json::from_slice(rest.get(..u32::from_be_bytes(*length) as usize)?).ok()
}
