//! Writes a response to an HTTP/2 stream, as far as the peer's window is open and no further. So nothing waits inside the HTTP/2 library
//! when a stream must end, and the status, which needs no window, reaches a peer that has not read for long.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::{Reason, SendStream};
use http::HeaderMap;
use tonic::Status;

/// The largest frame. Smaller ones let streams of one connection take turns.
const MAX_CHUNK: usize = 16 * 1024;
/// How long a status may take to leave, after data of which some may still wait. Then the stream is reset and forgotten.
const STATUS_GRACE: Duration = Duration::from_secs(5);

pub(crate) struct ResponseWriter {
    stream: SendStream<Bytes>,
    /// Bytes that were written.
    written: usize,
}

/// Why something was not written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotWritten {
    /// The peer has reset the stream, or the connection has ended.
    Gone,
    /// The peer's window was closed for too long.
    Stalled,
}

impl ResponseWriter {
    pub(crate) fn new(stream: SendStream<Bytes>) -> Self {
        Self { stream, written: 0 }
    }

    /// Bytes that were written so far.
    pub(crate) fn written(&self) -> usize {
        self.written
    }

    /// Writes all of it. `patience`: how long the peer may take nothing.
    pub(crate) async fn write(&mut self, mut data: Bytes, patience: Duration) -> Result<(), NotWritten> {
        while !data.is_empty() {
            self.stream.reserve_capacity(data.len().min(MAX_CHUNK));
            let capacity = tokio::time::timeout(patience, poll_fn(|context| self.poll_capacity(context)));
            let capacity = capacity.await.map_err(|_| NotWritten::Stalled)??;
            let chunk = data.split_to(capacity.min(data.len()).min(MAX_CHUNK));
            let size = chunk.len();
            self.stream.send_data(chunk, false).map_err(|_| NotWritten::Gone)?;
            self.written += size;
        }
        Ok(())
    }

    fn poll_capacity(&mut self, context: &mut Context<'_>) -> Poll<Result<usize, NotWritten>> {
        // A stream that has capacity already is not told so again.
        loop {
            if self.stream.capacity() > 0 {
                return Poll::Ready(Ok(self.stream.capacity()));
            }
            match ready!(self.stream.poll_capacity(context)) {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Poll::Ready(Err(NotWritten::Gone)),
            }
        }
    }

    /// Waits until the peer has reset the stream, or the connection has ended.
    pub(crate) async fn gone(&mut self) {
        poll_fn(|context| self.stream.poll_reset(context)).await.ok();
    }

    /// Ends the stream with trailers.
    pub(crate) fn finish(&mut self, trailers: HeaderMap) {
        // Fails when the peer is gone.
        self.stream.send_trailers(trailers).ok();
    }

    /// Ends the stream with a status.
    pub(crate) fn end(&mut self, status: &Status) {
        let mut trailers = HeaderMap::new();
        if status.add_header(&mut trailers).is_err() {
            self.stream.send_reset(Reason::INTERNAL_ERROR);
            return;
        }
        self.finish(trailers);
    }

    /// Gives a status some time to leave, then resets the stream if data before it could not leave: the peer has made its window smaller
    /// meanwhile, or reads nothing from its connection. Resetting a stream that has ended does nothing.
    pub(crate) async fn forget(mut self, reason: Reason) {
        tokio::time::sleep(STATUS_GRACE).await;
        self.stream.send_reset(reason);
    }
}
