use std::time::Instant;

use bytes::Bytes;
use tokio::sync::watch;
use vru_proto::v1::Frame;

use crate::source::FrameSink;

/// The pictures of a tested camera. They go nowhere, and are not counted among those of watched cameras.
#[derive(Debug)]
pub(super) struct Pictures(watch::Sender<Option<Pictured>>);

#[derive(Debug, Clone)]
pub(super) struct Pictured {
    /// When the first one came.
    pub(super) first: Instant,
    /// The newest: cameras often adapt to the light after the first.
    pub(super) jpeg: Bytes,
    /// As a person sees it.
    pub(super) size: (u32, u32),
}

impl Pictures {
    pub(super) fn new() -> (Self, watch::Receiver<Option<Pictured>>) {
        let (sender, receiver) = watch::channel(None);
        (Self(sender), receiver)
    }
}

impl FrameSink for Pictures {
    fn opened(&self, _session: u64) {}

    fn push(&self, frame: Frame) {
        let size = (frame.source_width, frame.source_height);
        self.0.send_modify(|pictured| {
            let first = pictured.as_ref().map_or_else(Instant::now, |pictured| pictured.first);
            *pictured = Some(Pictured { first, jpeg: frame.payload, size });
        });
    }

    fn closed(&self, _session: u64) {}
}
