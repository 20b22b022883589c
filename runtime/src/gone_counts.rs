//! What was counted for cameras that a process does not have any more.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;

use crate::metrics::retain_cameras;

/// The counts of one camera, or of several together.
pub trait Counts: Clone + Default {
    fn add(&mut self, other: Self);
}

/// Adds counts by kind.
pub fn add_by_kind(to: &mut BTreeMap<String, u64>, from: BTreeMap<String, u64>) {
    for (kind, count) in from {
        *to.entry(kind).or_default() += count;
    }
}

/// The sum over the cameras whose series were removed.
#[derive(Debug)]
pub struct GoneCounts<C>(Mutex<Option<C>>);

impl<C: Counts> GoneCounts<C> {
    #[expect(clippy::new_without_default, reason = "it is for a static")]
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    pub fn sum(&self) -> C {
        self.0.lock().clone().unwrap_or_default()
    }

    /// Removes the series of these cameras from the metrics whose names begin with `prefix`, and adds up what `counts` says of them.
    pub fn forget(&self, prefix: &str, counts: impl FnOnce() -> BTreeMap<String, C>, cameras: &BTreeSet<String>) {
        let mut gone = self.0.lock();
        for (camera, counts) in counts() {
            if cameras.contains(&camera) {
                gone.get_or_insert_default().add(counts);
            }
        }
        retain_cameras(prefix, |camera| !cameras.contains(camera));
    }
}
