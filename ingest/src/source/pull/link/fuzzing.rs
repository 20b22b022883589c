//! Serves the bytes of a camera without a network.

use std::net::IpAddr;

use vru_runtime::cameras::Login;

use super::exchange::{Exchange, Next};
use super::wire::{Framer, Message, Piece};

/// What the bytes of a camera have made the link do.
#[derive(Debug, Default)]
pub struct Linked {
    /// All bytes for the camera.
    pub to_camera: Vec<u8>,
    /// All bytes for `rtspsrc`.
    pub to_client: Vec<u8>,
    /// Requests with a log-in.
    pub logins: usize,
    asked: usize,
    /// How the link ended.
    pub ended: Option<String>,
}

/// What `rtspsrc` asks for, again and again.
const METHODS: [&str; 4] = ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"];

/// `rtspsrc` sends a request, and another one after each response; the camera answers with `bytes`.
pub fn link(bytes: &[u8], login: Login) -> Linked {
    let mut linked = Linked::default();
    let mut exchange = Exchange::new("rtsp://127.0.0.1:1/t".to_owned(), "rtsp://cam/live".to_owned(), Some(login));
    if let Err(error) = linked.serve(bytes, &mut exchange) {
        linked.ended = Some(error.to_string());
    }
    linked
}

impl Linked {
    fn serve(&mut self, bytes: &[u8], exchange: &mut Exchange) -> Result<(), super::LinkError> {
        let mut framer = Framer::default();
        framer.buffer().extend_from_slice(bytes);
        self.ask(exchange)?;
        while let Some(piece) = framer.next()? {
            match piece {
                Piece::Frames(frames) => self.to_client.extend_from_slice(&frames),
                Piece::Message(message) if !message.is_response() => self.to_client.extend(message.encode()),
                Piece::Message(message) => match exchange.response(message, IpAddr::from([10, 0, 0, 5]))? {
                    Next::Pass(response) => {
                        self.to_client.extend(response);
                        self.ask(exchange)?;
                        if let Some(request) = exchange.keep_alive() {
                            self.send(&request);
                        }
                    }
                    Next::Ask(request) => self.send(&request),
                    Next::Redirect(_) => return Ok(()),
                    Next::Nothing => {}
                },
            }
        }
        Ok(())
    }

    fn ask(&mut self, exchange: &mut Exchange) -> Result<(), super::LinkError> {
        let start = format!("{} rtsp://127.0.0.1:1/t RTSP/1.0", METHODS[self.asked % METHODS.len()]);
        self.asked += 1;
        let request = exchange.request(Message { start, ..Message::default() })?;
        self.send(&request);
        Ok(())
    }

    fn send(&mut self, request: &[u8]) {
        self.logins += usize::from(request.windows(15).any(|window| window == b"Authorization: "));
        self.to_camera.extend_from_slice(request);
    }
}
