//! What every kind of rule implements.

use super::codec::{StateError, StateReader, StateWriter};
use super::judgement::Finding;
use super::observation::FrameTracks;
use crate::road_user::RoadUserClass;

/// A kind of rule with its settings, and its state for one camera's session. It depends on tracks only, not on pictures, models or
/// clocks.
pub(super) trait Judge {
    /// Processes the next analysed frame and appends what it finds. `is_alive` tells whether a track may be detected again; the state of
    /// all other tracks ends.
    fn observe(&mut self, frame: &FrameTracks<'_>, is_alive: &dyn Fn(u64) -> bool, findings: &mut Vec<Finding>);

    /// Ends what goes on: there are no more frames. The state is empty afterwards.
    fn finish(&mut self, findings: &mut Vec<Finding>);

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
