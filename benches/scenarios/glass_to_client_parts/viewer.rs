//! A client of the live feed that stores each picture with its time of arrival. Pictures are decoded after the measurement.

use std::sync::Arc;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use vru_benches::whole_api::WholeApi;
use vru_runtime::clock::now_us;
use vru_runtime::test_util::{Bus, postgres};

use super::sightings::Arrival;

/// A client of a `vru-api` of its own, until it is dropped.
pub struct Page {
    arrivals: Arc<Mutex<Vec<(i64, Bytes)>>>,
    task: JoinHandle<()>,
    _api: WholeApi,
    /// Last: its end ends the task.
    _runtime: Runtime,
}

impl Page {
    /// Starts `vru-api`, which reads these topics, and watches the cameras.
    pub fn open(bus: Arc<Bus>, cameras: &[String], rendition: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a thread can be started");
        let api = runtime.block_on(WholeApi::start_on(bus, |launch, _| launch));
        for camera in cameras {
            let insert = format!("INSERT INTO cameras (id, site_id, settings) VALUES ('{camera}', 'site', '{{}}')");
            postgres().query(&api.database, &insert);
        }
        let wish = |camera: &String| json!({ "camera_id": camera, "rendition": rendition });
        let wishes = json!({ "watch": cameras.iter().map(wish).collect::<Vec<Value>>() });
        let mut socket = runtime.block_on(async {
            let request = format!("ws://{}/api/v1/live/feed", api.address).into_client_request();
            let mut request = request.expect("a request");
            request.headers_mut().insert("cookie", api.cookie.parse().expect("a value"));
            let (mut socket, _) = connect_async(request).await.expect("it takes viewers");
            socket.send(Message::text(wishes.to_string())).await.expect("it listens");
            socket
        });
        let arrivals = Arc::<Mutex<Vec<_>>>::default();
        let filling = arrivals.clone();
        let task = runtime.spawn(async move {
            while let Some(message) = socket.next().await {
                let at_us = now_us();
                match message.expect("the connection is whole") {
                    Message::Binary(bytes) => filling.lock().push((at_us, bytes)),
                    Message::Text(text) => check(&text),
                    _ => {}
                }
            }
        });
        Self { arrivals, task, _api: api, _runtime: runtime }
    }

    /// The pictures so far. Each has its boxes: one that waited for them in vain would be no picture of a page.
    pub fn arrivals(&self) -> Vec<Arrival> {
        assert!(!self.task.is_finished(), "the feed has ended");
        self.arrivals.lock().iter().map(|(at_us, message)| arrival(*at_us, message)).collect()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // Before the API ends, which the client would take for a fault.
        self.task.abort();
    }
}

/// What the server says about the feed: a slow client, or a camera that it may not see, would make other figures.
fn check(text: &str) {
    let said: Value = serde_json::from_str(text).expect("JSON");
    let watches = |camera: &Value| camera["status"] == "watching";
    let cameras = said["cameras"].as_array().map_or(&[][..], Vec::as_slice);
    let is_good = said["type"] == "state" || said["type"] == "watching" && cameras.iter().all(watches);
    assert!(is_good, "the feed says {text}");
}

/// The length of the head, the head, and the picture.
fn arrival(at_us: i64, message: &Bytes) -> Arrival {
    let length = message.first_chunk().map_or(0, |length| u32::from_be_bytes(*length)) as usize;
    let head: Value = serde_json::from_slice(&message[4..4 + length]).expect("a head");
    assert!(head["objects"].is_array() && head["picture"]["type"] == "image/jpeg", "no picture with boxes: {head}");
    Arrival { at_us, picture: message.slice(4 + length..), alert: None }
}
