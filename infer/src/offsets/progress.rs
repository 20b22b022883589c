//! One partition.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use vru_proto::CameraId;

use super::Coded;

/// A stream that was silent for so long has ended: it must not hold the partition's commits back for ever.
const SILENCE: Duration = Duration::from_secs(30);
/// No camera has its key frames further apart; one that had would cost a restart this much to read again.
const MAX_BACK: Duration = Duration::from_mins(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Open,
    Done,
    /// For whoever has the partition next.
    Left,
}

#[derive(Debug)]
struct Entry {
    offset: i64,
    work: Work,
    coded: Option<Coded>,
    since: Instant,
}

#[derive(Debug)]
pub(super) struct Progress {
    pub epoch: u64,
    /// By rising offset.
    entries: VecDeque<Entry>,
    /// How many entries are open.
    open: usize,
    /// What was last said to be committed; before that, where reading began.
    said: Option<i64>,
    after_last: Option<i64>,
}

impl Progress {
    pub fn new(epoch: u64) -> Self {
        Self { epoch, entries: VecDeque::new(), open: 0, said: None, after_last: None }
    }

    pub fn register(&mut self, offset: i64) {
        self.open += 1;
        self.said.get_or_insert(offset);
        self.after_last = Some(offset + 1);
        self.entries.push_back(Entry { offset, work: Work::Open, coded: None, since: Instant::now() });
    }

    pub fn coded(&mut self, offset: i64, coded: Coded) {
        if let Some(entry) = self.entry(offset) {
            entry.coded = Some(coded);
        }
    }

    pub fn complete(&mut self, offset: i64) {
        self.finish(offset, Work::Done);
    }

    pub fn leave(&mut self, offset: i64) {
        self.finish(offset, Work::Left);
    }

    pub fn said(&self) -> Option<i64> {
        self.said
    }

    pub fn open(&self) -> usize {
        self.open
    }

    fn finish(&mut self, offset: i64, work: Work) {
        if let Some(entry) = self.entry(offset)
            && entry.work == Work::Open
        {
            entry.work = work;
            self.open -= 1;
        }
    }

    fn entry(&mut self, offset: i64) -> Option<&mut Entry> {
        let at = self.entries.binary_search_by_key(&offset, |entry| entry.offset).ok()?;
        self.entries.get_mut(at)
    }

    /// The offset to start at after a restart, unless that is known already. What lies before it is forgotten.
    pub fn take_committable(&mut self) -> Option<i64> {
        let start = self.restart_at(Instant::now())?;
        while self.entries.front().is_some_and(|entry| entry.offset < start) {
            self.entries.pop_front();
        }
        if self.said.is_some_and(|said| said >= start) {
            return None;
        }
        self.said = Some(start);
        Some(start)
    }

    /// The commit of that offset failed.
    pub fn uncommitted(&mut self, next: i64) {
        if self.said == Some(next) {
            self.said = Some(next - 1);
        }
    }

    /// The first record that a restart must see. None before there was any record.
    fn restart_at(&self, now: Instant) -> Option<i64> {
        let mut streams: HashMap<&CameraId, Stream> = HashMap::new();
        let mut first_undone = None;
        for entry in &self.entries {
            if let Some(coded) = &entry.coded {
                let stream = streams.entry(&coded.camera).or_default();
                stream.newest = Some(entry.since);
                // What comes after the first undone record is of no importance: it is seen again anyhow.
                if first_undone.is_none() && coded.key_frame {
                    stream.start = Some((entry.offset, entry.since));
                }
                if first_undone.is_none() && coded.end_of_stream && entry.work == Work::Done {
                    stream.start = None;
                }
            }
            if entry.work != Work::Done && first_undone.is_none() {
                first_undone = Some(entry.offset);
            }
        }
        let starts = streams.values().filter_map(|stream| stream.living_start(now));
        starts.chain([first_undone.unwrap_or(self.after_last?)]).min()
    }
}

/// Pictures that build on each other.
#[derive(Debug, Default)]
struct Stream {
    /// Offset and time of the last key frame.
    start: Option<(i64, Instant)>,
    /// Time of the last record.
    newest: Option<Instant>,
}

impl Stream {
    fn living_start(&self, now: Instant) -> Option<i64> {
        let (offset, since) = self.start?;
        let silent = now.saturating_duration_since(self.newest?);
        (silent < SILENCE && now.saturating_duration_since(since) < MAX_BACK).then_some(offset)
    }
}
