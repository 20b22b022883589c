//! A WebSocket client that checks of every message that its parts are of the same frame.

use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::super::api::{Api, ApiClient};
use super::{DEADLINE, SESSION, shown_number};

pub struct Watcher {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// A binary message.
#[derive(Debug, Clone)]
pub struct Picture {
    pub head: Value,
    pub bytes: Bytes,
}

#[derive(Debug)]
pub enum Received {
    Picture(Picture),
    Text(Value),
    Closed(u16),
}

impl Picture {
    fn read(message: &Bytes) -> Self {
        let length = u32::from_be_bytes(message[..4].try_into().expect("four bytes")) as usize;
        let head = serde_json::from_slice(&message[4..4 + length]).expect("JSON");
        Self { head, bytes: message.slice(4 + length..) }
    }

    pub fn number(&self) -> u64 {
        self.head["sequence"].as_u64().expect("a number")
    }

    /// The number of the frame, of which the boxes and the picture are.
    pub fn checked(&self) -> u64 {
        let (number, camera) = (self.number(), self.head["camera_id"].as_str().expect("an id"));
        assert_eq!(self.head["session"], SESSION.to_string());
        let objects = self.head["objects"].as_array().unwrap_or_else(|| panic!("not analysed: {}", self.head));
        assert_eq!(objects.len(), 1, "{}", self.head);
        let track = format!("{camera}.{SESSION}.{}", number + 1);
        assert_eq!(objects[0]["track_id"], track, "the boxes are of another frame: {}", self.head);
        let left = objects[0]["box"]["left"].as_f64().expect("a number")
            * self.head["source"]["width"].as_f64().expect("a number");
        assert!((left - (number % 1_000) as f64).abs() < 0.05, "{left} {}", self.head);
        if self.head["picture"].is_null() {
            assert!(self.bytes.is_empty());
        } else {
            let (shown, width) = shown_number(&self.bytes);
            assert_eq!(shown, number, "the picture is of another frame: {}", self.head);
            assert_eq!(self.head["picture"]["width"], width);
        }
        number
    }
}

impl Watcher {
    pub async fn open(api: &Api, client: &ApiClient) -> Self {
        Self::try_open(api, client, &[]).await.unwrap_or_else(|error| panic!("the feed is not opened: {error:?}"))
    }

    /// With more headers. An error has the status and the problem.
    pub async fn try_open(api: &Api, client: &ApiClient, headers: &[(&str, &str)]) -> Result<Self, (u16, Value)> {
        let address = format!("ws://{}/api/v1/live/feed", api.address);
        let mut request = address.into_client_request().expect("a request");
        let mut add = |name: &str, value: &str| {
            let name: hyper::header::HeaderName = name.parse().expect("a name");
            request.headers_mut().insert(name, value.parse().expect("a value"));
        };
        if let Some(cookie) = &client.cookie {
            add("cookie", cookie);
        }
        if let Some(key) = &client.key {
            add("authorization", &format!("Bearer {key}"));
        }
        for (name, value) in headers {
            add(name, value);
        }
        match tokio::time::timeout(DEADLINE, connect_async(request)).await.expect("an answer in time") {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(Error::Http(answer)) => {
                let body = answer.body().clone().unwrap_or_default();
                Err((answer.status().as_u16(), serde_json::from_slice(&body).unwrap_or_default()))
            }
            Err(error) => panic!("no answer: {error}"),
        }
    }

    pub async fn say(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("it is sent");
    }

    /// Asks for cameras, and returns the answer.
    pub async fn watch(&mut self, wanted: &[(&str, &str)]) -> Value {
        let wanted: Vec<Value> =
            wanted.iter().map(|(camera, rendition)| json!({ "camera_id": camera, "rendition": rendition })).collect();
        self.say(&json!({ "watch": wanted }).to_string()).await;
        self.text("watching").await
    }

    pub async fn next(&mut self) -> Received {
        tokio::time::timeout(DEADLINE, self.try_next()).await.expect("a message in time")
    }

    async fn try_next(&mut self) -> Received {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Binary(bytes))) => return Received::Picture(Picture::read(&bytes)),
                Some(Ok(Message::Text(text))) => return Received::Text(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(frame))) => {
                    return Received::Closed(frame.map_or(1005, |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Received::Closed(0),
            }
        }
    }

    /// The next text message of that type; others are passed over.
    pub async fn text(&mut self, kind: &str) -> Value {
        loop {
            match self.next().await {
                Received::Text(text) if text["type"] == kind => return text,
                Received::Closed(code) => panic!("closed with {code}, waiting for {kind}"),
                _ => {}
            }
        }
    }

    pub async fn picture(&mut self) -> Picture {
        loop {
            match self.next().await {
                Received::Picture(picture) => return picture,
                Received::Text(_) => {}
                Received::Closed(code) => panic!("closed with {code}"),
            }
        }
    }

    pub async fn next_picture_within(&mut self, time: Duration) -> Option<Picture> {
        tokio::time::timeout(time, self.picture()).await.ok()
    }

    /// The code with which the feed is closed.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Received::Closed(code) = self.next().await {
                return code;
            }
        }
    }
}
