//! The records in progress of one partition.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use vru_proto::CameraId;

/// A stream that was silent for this long has ended. Otherwise it would block the partition's commits for ever.
const MAX_SILENCE: Duration = Duration::from_secs(30);
/// Key frames of a camera are not further apart than this. If they were, a restart would read this much again.
const MAX_KEY_FRAME_AGE: Duration = Duration::from_mins(2);

/// The place of a record in its camera's H.264 or H.265 stream, whose pictures depend on earlier ones back to a key frame (a
/// group of pictures).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GopInfo {
    pub camera: CameraId,
    /// A decoder can start here.
    pub key_frame: bool,
    /// No later picture depends on this one.
    pub end_of_stream: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    InProgress,
    Complete,
    /// Left to the next owner of the partition.
    Abandoned,
}

#[derive(Debug)]
struct Entry {
    offset: i64,
    status: Status,
    gop: Option<GopInfo>,
    registered_at: Instant,
}

#[derive(Debug)]
pub(super) struct Progress {
    pub epoch: u64,
    /// By rising offset.
    entries: VecDeque<Entry>,
    /// How many entries are in progress.
    unfinished: usize,
    /// The offset that was committed last; before the first commit, the first that was read.
    committed: Option<i64>,
    /// The offset after the last registered record.
    end: Option<i64>,
}

impl Progress {
    pub fn new(epoch: u64) -> Self {
        Self { epoch, entries: VecDeque::new(), unfinished: 0, committed: None, end: None }
    }

    pub fn register(&mut self, offset: i64) {
        self.unfinished += 1;
        self.committed.get_or_insert(offset);
        self.end = Some(offset + 1);
        let registered_at = Instant::now();
        self.entries.push_back(Entry { offset, status: Status::InProgress, gop: None, registered_at });
    }

    pub fn set_gop(&mut self, offset: i64, gop: GopInfo) {
        if let Some(entry) = self.entry(offset) {
            entry.gop = Some(gop);
        }
    }

    pub fn complete(&mut self, offset: i64) {
        self.finish(offset, Status::Complete);
    }

    pub fn abandon(&mut self, offset: i64) {
        self.finish(offset, Status::Abandoned);
    }

    pub fn committed(&self) -> Option<i64> {
        self.committed
    }

    pub fn in_progress(&self) -> usize {
        self.unfinished
    }

    fn finish(&mut self, offset: i64, status: Status) {
        if let Some(entry) = self.entry(offset)
            && entry.status == Status::InProgress
        {
            entry.status = status;
            self.unfinished -= 1;
        }
    }

    fn entry(&mut self, offset: i64) -> Option<&mut Entry> {
        let at = self.entries.binary_search_by_key(&offset, |entry| entry.offset).ok()?;
        self.entries.get_mut(at)
    }

    /// The offset at which a restart must begin, if it is later than the committed one. Entries before it are removed.
    pub fn take_committable(&mut self) -> Option<i64> {
        let start = self.restart_at(Instant::now())?;
        while self.entries.front().is_some_and(|entry| entry.offset < start) {
            self.entries.pop_front();
        }
        if self.committed.is_some_and(|committed| committed >= start) {
            return None;
        }
        self.committed = Some(start);
        Some(start)
    }

    /// The commit of this offset failed.
    pub fn commit_failed(&mut self, next: i64) {
        if self.committed == Some(next) {
            self.committed = Some(next - 1);
        }
    }

    /// The offset of the first record that a restart must read. `None` before the first record.
    fn restart_at(&self, now: Instant) -> Option<i64> {
        let mut streams: HashMap<&CameraId, Stream> = HashMap::new();
        let mut first_incomplete = None;
        for entry in &self.entries {
            if let Some(gop) = &entry.gop {
                let stream = streams.entry(&gop.camera).or_default();
                stream.newest = Some(entry.registered_at);
                // Key frames and ends after the first incomplete record do not matter: a restart reads them anyway.
                if first_incomplete.is_none() && gop.key_frame {
                    stream.key_frame = Some((entry.offset, entry.registered_at));
                }
                if first_incomplete.is_none() && gop.end_of_stream && entry.status == Status::Complete {
                    stream.key_frame = None;
                }
            }
            if entry.status != Status::Complete && first_incomplete.is_none() {
                first_incomplete = Some(entry.offset);
            }
        }
        let key_frames = streams.values().filter_map(|stream| stream.restart_at(now));
        key_frames.chain([first_incomplete.unwrap_or(self.end?)]).min()
    }
}

/// The pictures of one camera that depend on each other.
#[derive(Debug, Default)]
struct Stream {
    /// Offset and time of the last key frame.
    key_frame: Option<(i64, Instant)>,
    /// Time of the last record.
    newest: Option<Instant>,
}

impl Stream {
    /// The offset of the key frame, unless the stream was silent for too long or the key frame is too old.
    fn restart_at(&self, now: Instant) -> Option<i64> {
        let (offset, since) = self.key_frame?;
        let silence = now.saturating_duration_since(self.newest?);
        (silence < MAX_SILENCE && now.saturating_duration_since(since) < MAX_KEY_FRAME_AGE).then_some(offset)
    }
}
