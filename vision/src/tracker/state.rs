//! The state of a tracker as bytes, for whoever continues with the next frame.

use super::Tracker;
use super::clock::TrackClock;
use super::track::Track;
use crate::frame_stamp::FrameStamp;
use crate::state_codec::{StateError, StateReader, StateWriter};

/// Changes with the form of the state, and with the meaning of a number in it.
const STATE_VERSION: u8 = 2;

// No tracker has had so many tracks, and ids never overflow.
const MAX_LAST_ID: u64 = u64::MAX / 2;

impl Tracker {
    /// The state after the frame `at`. `published` gives the id under which a track was published, 0 if there is none.
    pub fn save(&self, at: FrameStamp, published: impl Fn(u64) -> u64) -> Vec<u8> {
        let mut state = StateWriter::new(at);
        state.byte(STATE_VERSION);
        self.clock.save(&mut state);
        state.number(self.last_id);
        let mut tracks = StateWriter::new(self.clock.stamp());
        for track in &self.tracks {
            tracks.number(published(track.id));
            track.save(&mut tracks);
        }
        state.block(&tracks.into_bytes());
        state.into_bytes()
    }

    /// Continues from a state that was saved after the frame `at`, with these settings and exactly the same results. Returns each track
    /// with the id under which it was published. After an error, everything is as it was.
    pub fn restore(&mut self, bytes: &[u8], at: FrameStamp) -> Result<Vec<(u64, u64)>, StateError> {
        let mut state = StateReader::new(bytes, at);
        match state.byte()? {
            STATE_VERSION => {}
            version => return Err(StateError::Version(version)),
        }
        let (clock, last_id) = (TrackClock::read(&mut state)?, state.number()?);
        let mut block = state.block_of(clock.stamp())?;
        let (mut tracks, mut published): (Vec<Track>, Vec<_>) = (Vec::new(), Vec::new());
        while !block.is_empty() {
            let name = block.number()?;
            let track = Track::read(&mut block)?;
            published.push((track.id, name));
            tracks.push(track);
        }
        // Tracks are searched by their ids, and the next one gets the id after `last_id`.
        let sorted = tracks.is_sorted_by(|one, next| one.id < next.id);
        let known = tracks.last().is_none_or(|track| track.id <= last_id);
        if !state.is_empty() || !sorted || !known || last_id > MAX_LAST_ID {
            return Err(StateError::Damaged);
        }
        (self.clock, self.last_id, self.tracks) = (clock, last_id, tracks);
        Ok(published)
    }
}
