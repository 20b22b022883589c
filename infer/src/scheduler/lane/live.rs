//! Which live frame the model gets next, and which pictures are decoded for it.

use std::time::Duration;

use super::{Lane, Moment, Step, is_for_model};
use crate::frame::FrameJob;
use crate::metrics;
use crate::scheduler::Skipped;

/// If a live H.264 or H.265 stream pauses for this long, its undecoded pictures are decoded although none is for the model: they
/// hold up the partition's offset.
const PAUSE: Duration = Duration::from_secs(1);

impl Lane {
    /// The undecoded live frames in front.
    pub(super) fn live_run(&self) -> impl Iterator<Item = &FrameJob> {
        self.undecoded.iter().take_while(|job| job.is_live())
    }

    /// How old a live frame may be while a newer one of its camera waits. While the model has time for all frames, it takes also
    /// those that came in a burst, up to one interval.
    fn patience(&self, moment: Moment<'_>) -> Duration {
        if moment.contended { Duration::ZERO } else { self.arrivals.interval() }
    }

    fn is_fresh(&self, job: &FrameJob, moment: Moment<'_>) -> bool {
        moment.now.saturating_duration_since(job.received_at) < self.patience(moment)
    }

    /// The undecoded live frame that the model should get next.
    fn choose(&self, moment: Moment<'_>) -> Option<usize> {
        let mut for_model = self.live_run().enumerate().filter(|(_, job)| is_for_model(job)).peekable();
        while let Some((at, job)) = for_model.next() {
            if for_model.peek().is_none() || self.is_fresh(job, moment) {
                return Some(at);
            }
        }
        None
    }

    fn chosen(&self, moment: Moment<'_>) -> Option<(u64, u64)> {
        self.undecoded.get(self.choose(moment)?).map(FrameJob::position)
    }

    /// The next step towards a live frame for the model. `None` if there is nothing to do, or a thread is at it.
    pub fn step_live(&mut self, moment: Moment<'_>, skipped: &mut Vec<Skipped>) -> Option<Step> {
        if self.revoking || self.preparing {
            return None;
        }
        let ready = self.ready.front().map(|ready| &ready.job);
        if ready.is_some_and(|job| !job.is_live() || self.is_fresh(job, moment)) {
            return None;
        }
        match self.undecoded.front() {
            Some(job) if job.is_live() && job.codec().is_none() => self.step_still(moment, skipped),
            Some(job) if !job.is_live() && self.raw.is_none() => None,
            _ => self.step_coded(moment, skipped),
        }
    }

    fn step_still(&mut self, moment: Moment<'_>, skipped: &mut Vec<Skipped>) -> Option<Step> {
        self.decoder.as_ref()?;
        let at = self.choose(moment)?;
        skipped.extend(self.undecoded.drain(..at).map(Skipped::overtaken));
        let job = self.undecoded.pop_front()?;
        if job.is_older_than(moment.config.max_age) {
            skipped.push(Skipped::dropped(job, metrics::TOO_OLD));
            return None;
        }
        Some(Step::Decode(job, self.decoder.take()?, true))
    }

    fn step_coded(&mut self, moment: Moment<'_>, skipped: &mut Vec<Skipped>) -> Option<Step> {
        self.goal = self.goal.or_else(|| self.chosen(moment));
        let reached = self.goal.is_none_or(|goal| self.live_run().all(|job| job.position() > goal));
        if !reached {
            return self.decode_coded(self.goal, skipped);
        }
        self.decoder.as_ref()?;
        // Pictures that came since then do not delay this one: otherwise a decoder that is slower than its camera would never finish.
        self.goal = None;
        let raw = self.raw.take()?;
        self.preparing = true;
        Some(Step::Prepare(raw))
    }

    /// Decodes the next live picture of H.264 or H.265 ahead of its camera's turn, or skips pictures that need not be decoded.
    /// `near`: the turn is near. Otherwise pictures wait, because a key frame may come that makes them unnecessary.
    pub fn step_ahead(&mut self, moment: Moment<'_>, near: bool, skipped: &mut Vec<Skipped>) -> Option<Step> {
        if self.revoking || self.undecoded.front().is_none_or(|job| !job.is_live() || job.codec().is_none()) {
            return None;
        }
        let many = self.undecoded.len() > moment.config.coded_pictures / 2;
        let paused = moment.now.saturating_duration_since(self.last_arrival) >= PAUSE;
        let keeps_raw = self.raw.as_ref().is_some_and(|raw| self.is_fresh(&raw.job, moment));
        if !(near || many || paused) || keeps_raw {
            return None;
        }
        self.decode_coded(self.chosen(moment), skipped)
    }

    /// Decodes the first undecoded picture, after skipping those that need not be decoded before the picture at `goal`.
    fn decode_coded(&mut self, goal: Option<(u64, u64)>, skipped: &mut Vec<Skipped>) -> Option<Step> {
        self.decoder.as_ref()?;
        if let Some(goal) = goal {
            self.skip_groups(goal, skipped);
            self.skip_unreferenced(goal, skipped);
        }
        let job = self.undecoded.pop_front()?;
        Some(Step::Decode(job, self.decoder.take()?, false))
    }

    /// Skips whole groups of pictures before the last key frame up to the goal.
    fn skip_groups(&mut self, goal: (u64, u64), skipped: &mut Vec<Skipped>) {
        let up_to_goal = self.live_run().take_while(|job| job.position() <= goal).enumerate();
        let last_key = up_to_goal.filter(|(_, job)| job.is_key_frame()).map(|(at, _)| at).last().unwrap_or(0);
        skipped.extend(self.undecoded.drain(..last_key).map(Skipped::overtaken));
    }

    /// Skips pictures before the goal on which no other depends.
    fn skip_unreferenced(&mut self, goal: (u64, u64), skipped: &mut Vec<Skipped>) {
        let Some(decoder) = &mut self.decoder else { return };
        while let Some(job) = self.undecoded.pop_front_if(|job| job.position() < goal && job.is_unreferenced()) {
            decoder.decoder.skip_unreferenced(&job.frame);
            skipped.push(Skipped::overtaken(job));
        }
    }

    /// Whether the model may take the live frame that is ready: not if it is older than it should be and a newer one comes.
    pub fn may_take_live(&self, moment: Moment<'_>) -> bool {
        let Some(ready) = self.ready.front().filter(|ready| ready.job.is_live()) else { return false };
        let newer_comes = self.decoder.is_none() || self.preparing || self.raw.is_some();
        let limit = self.arrivals.interval() + self.time_to_ready() * 2;
        !(newer_comes || self.live_run().any(is_for_model))
            || moment.now.saturating_duration_since(ready.job.received_at) <= limit
    }
}
