//! What simulated cameras send, and what became of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Jpeg,
    /// H.264 with a key frame every so many pictures. Of so many pictures each, one is for the model.
    Coded {
        group: u64,
        analyse_every: u64,
    },
    File,
}

#[derive(Debug, Clone)]
pub struct Camera {
    pub kind: Kind,
    pub interval: Duration,
    /// A picture comes up to this late.
    pub jitter: Duration,
    pub decode: Duration,
    /// How long tracks and rules of a frame take.
    pub analysis: Duration,
}

impl Camera {
    pub fn is_live(&self) -> bool {
        self.kind != Kind::File
    }

    pub fn analyse_every(&self) -> u32 {
        if let Kind::Coded { analyse_every, .. } = self.kind { analyse_every as u32 } else { 1 }
    }

    /// Frames for the model per second.
    pub fn offered(&self) -> f64 {
        1.0 / (self.interval * self.analyse_every()).as_secs_f64()
    }

    /// The longest time between two frames for the model.
    pub fn longest_gap(&self) -> Duration {
        self.interval * self.analyse_every() + self.jitter
    }
}

/// What happened to the frames of a camera.
#[derive(Debug, Default, Clone)]
pub struct Account {
    /// When its first frame comes.
    pub phase: Duration,
    pub sent: u64,
    pub analysed: Vec<u64>,
    pub dropped: BTreeMap<&'static str, u64>,
    pub not_for_model: u64,
    /// The oldest frame that the model took, less what it may be.
    pub too_old_by: Option<Duration>,
    /// How many pictures its decoder got.
    pub decoded: u64,
    /// The last picture that its decoder got.
    pub last_decoded: Option<u64>,
    /// Until when the frames that the model took are analysed.
    pub analysed_until: Option<Instant>,
}
