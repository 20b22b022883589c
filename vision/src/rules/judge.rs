//! What every kind of rule implements.

use std::collections::BTreeMap;

use super::judgement::{EndReason, Finding};
use super::observation::FrameTracks;
use crate::road_user::RoadUserClass;
use crate::state_codec::{StateError, StateReader, StateWriter};

/// How many judgements about a track were raised, by track id. The number is part of what tells judgements apart, so no other rule of the
/// same id may begin below it.
pub(super) type Occurrences = BTreeMap<u64, u32>;

/// A kind of rule with its settings, and its state for one camera's session. It depends on tracks only, not on pictures, models or
/// clocks.
pub(super) trait Judge {
    /// Processes the next analysed frame and appends what it finds. `is_alive` tells whether a track may be detected again; the state of
    /// all other tracks ends.
    fn observe(&mut self, frame: &FrameTracks<'_>, is_alive: &dyn Fn(u64) -> bool, findings: &mut Vec<Finding>);

    /// Ends what goes on: there are no more frames. The state is empty afterwards.
    fn finish(&mut self, reason: EndReason, findings: &mut Vec<Finding>);

    /// Ends what was raised and goes on. The tracks stay: what they do later is judged anew.
    fn end_open(&mut self, reason: EndReason, findings: &mut Vec<Finding>);

    /// What was raised and goes on, as if it ended now, without a reason.
    fn open(&self, findings: &mut Vec<Finding>);

    /// Goes on with what another worker has raised. False if it is about something else than this rule.
    fn resume(&mut self, raised: &Finding) -> bool;

    /// Takes back what was judged and is not among `raised` (track and occurrence): nobody has published it.
    fn take_back_unless(&mut self, raised: &dyn Fn(u64, u32) -> bool);

    /// How many judgements about each track were raised.
    fn occurrences(&self) -> Occurrences;

    /// Begins after what another rule of the same id has raised.
    fn begin_after(&mut self, raised: &Occurrences);

    /// Writes the state.
    fn save(&self, state: &mut StateWriter);

    /// Replaces the state by one that was saved. After an error the state is as before.
    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError>;
}

/// The classes that a rule is for: all vulnerable road users, if it names none.
pub(super) fn watched(classes: &[RoadUserClass]) -> Vec<RoadUserClass> {
    if classes.is_empty() {
        return RoadUserClass::ALL.into_iter().filter(|class| class.is_vulnerable()).collect();
    }
    classes.to_vec()
}
