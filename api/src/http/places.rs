//! Places for what may be there only so many times at once: of everybody, and of each caller.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// Cloning it shares it.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    most: usize,
    most_per_caller: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_caller: HashMap<String, usize>,
}

/// Free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    caller: String,
    taken: Arc<Mutex<Taken>>,
}

/// Who has all places that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    Caller,
    Everybody,
}

impl Places {
    pub(crate) fn new(most: usize, most_per_caller: usize) -> Self {
        Self { most, most_per_caller, taken: Arc::default() }
    }

    pub(crate) fn take(&self, caller: String) -> Result<Place, Full> {
        let mut taken = self.taken.lock();
        if taken.by_caller.get(&caller).is_some_and(|&of_caller| of_caller >= self.most_per_caller) {
            return Err(Full::Caller);
        }
        if taken.all >= self.most {
            return Err(Full::Everybody);
        }
        taken.all += 1;
        *taken.by_caller.entry(caller.clone()).or_default() += 1;
        Ok(Place { caller, taken: self.taken.clone() })
    }

    /// How many are taken, of all and by callers.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> (usize, HashMap<String, usize>) {
        let taken = self.taken.lock();
        (taken.all, taken.by_caller.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock();
        taken.all -= 1;
        if let Some(count) = taken.by_caller.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                taken.by_caller.remove(&self.caller);
            }
        }
    }
}
