//! A target of webhooks that accepts everything.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// It serves until the test process ends.
pub struct WebhookTarget {
    pub url: String,
    received: Arc<Mutex<Vec<String>>>,
}

impl WebhookTarget {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let url = format!("http://{}/events", listener.local_addr().expect("it is bound"));
        let received = Arc::new(Mutex::new(Vec::new()));
        let events = received.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let events = events.clone();
                // A connection that breaks is tried again by the sender.
                std::thread::spawn(move || drop(serve(&connection, &events)));
            }
        });
        Self { url, received }
    }

    /// How often each of these events came, by the id of the event.
    pub fn counts(&self, ids: &[String]) -> Vec<usize> {
        let received = self.received.lock().expect("nobody panics");
        ids.iter().map(|id| received.iter().filter(|other| *other == id).count()).collect()
    }
}

fn serve(connection: &TcpStream, events: &Mutex<Vec<String>>) -> std::io::Result<()> {
    connection.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut reader = BufReader::new(connection);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line.trim_end().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let event: Value = serde_json::from_slice(&body).expect("JSON");
        events.lock().expect("nobody panics").push(event["id"].as_str().unwrap_or_default().to_owned());
        (&*connection).write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
    }
}
