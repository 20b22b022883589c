//! Slows down attempts to log in after failed ones, across connections.
//!
//! Failures are counted in three ways. For an address and a path together, a few failures lead to waits that double: this stops the
//! guessing of one password. For an address alone and for a path alone, the counts are higher and drain away: they bound the guesses of
//! an address at all paths, and of many addresses at one path. A camera that logged in from its address before is not slowed by the
//! failures of others, so an attacker cannot lock it out from another address.
//!
//! Only hashes are kept, of what a peer chose, and the tables are bounded.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use vru_runtime::retry::BackoffConfig;

use super::address::group;

/// How failures of one kind of key lead to waits.
#[derive(Debug, Clone, Copy)]
struct Level {
    /// Failures without a wait.
    free: f64,
    /// Failures that are forgotten per second.
    drain: f64,
}

/// One pair of address and path.
const PAIR: Level = Level { free: 3.0, drain: 1.0 / 300.0 };
/// One address at any path. Cameras behind one address translation share it.
const ADDRESS: Level = Level { free: 30.0, drain: 0.5 };
/// Any address at one path. An address alone never gets there, because its pair's waits are longer than this drains.
const PATH: Level = Level { free: 100.0, drain: 1.0 };

const WAITS: BackoffConfig = BackoffConfig { initial: Duration::from_secs(1), max: Duration::from_mins(1) };

/// Entries of each table.
const CAPACITY: usize = 4_096;
/// How long a successful log-in counts.
const PROVEN: Duration = Duration::from_hours(24);

#[derive(Debug)]
struct Entry {
    /// Set for pairs, to find those of a path.
    path: u64,
    failures: f64,
    last: Instant,
    blocked_until: Instant,
}

impl Entry {
    /// The failures that are not forgotten yet.
    fn drained(&self, level: Level, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.last).as_secs_f64();
        (self.failures - passed * level.drain).max(0.0)
    }
}

#[derive(Debug)]
struct Table {
    level: Level,
    entries: HashMap<u64, Entry>,
}

impl Table {
    fn new(level: Level) -> Self {
        Self { level, entries: HashMap::new() }
    }

    fn wait(&self, key: u64, now: Instant) -> Option<Duration> {
        let wait = self.entries.get(&key)?.blocked_until.saturating_duration_since(now);
        (!wait.is_zero()).then_some(wait)
    }

    fn record_failure(&mut self, key: u64, path: u64, now: Instant) {
        let before = self.entries.get(&key).map_or(0.0, |entry| entry.drained(self.level, now));
        let failures = before + 1.0;
        let beyond = failures - self.level.free;
        let wait = if beyond > 0.0 { WAITS.delay(beyond as u32) } else { Duration::ZERO };
        if before == 0.0 {
            self.make_room(now);
        }
        self.entries.insert(key, Entry { path, failures, last: now, blocked_until: now + wait });
    }

    /// Forgets what has drained away; and in a full table also the quarter with the fewest failures.
    fn make_room(&mut self, now: Instant) {
        if self.entries.len() < CAPACITY {
            return;
        }
        let level = self.level;
        let mut failures: Vec<f64> = self.entries.values().map(|entry| entry.drained(level, now)).collect();
        let (_, few, _) = failures.select_nth_unstable_by(CAPACITY / 4, f64::total_cmp);
        let few = *few;
        let mut surplus = CAPACITY / 4;
        self.entries.retain(|_, entry| {
            let failures = entry.drained(level, now);
            let forget = failures == 0.0 || (failures <= few && surplus > 0);
            surplus = surplus.saturating_sub(usize::from(forget));
            !forget
        });
    }
}

#[derive(Debug)]
struct State {
    pairs: Table,
    addresses: Table,
    paths: Table,
    /// Pairs that have logged in, and when.
    proven: HashMap<u64, Instant>,
}

/// The failed log-ins of all connections.
#[derive(Debug)]
pub(super) struct LoginThrottle {
    hasher: RandomState,
    state: Mutex<State>,
}

impl Default for LoginThrottle {
    fn default() -> Self {
        let state = State {
            pairs: Table::new(PAIR),
            addresses: Table::new(ADDRESS),
            paths: Table::new(PATH),
            proven: HashMap::new(),
        };
        Self { hasher: RandomState::new(), state: Mutex::new(state) }
    }
}

/// The keys of one attempt.
#[derive(Debug, Clone, Copy)]
struct Keys {
    pair: u64,
    address: u64,
    path: u64,
}

impl LoginThrottle {
    fn keys(&self, address: IpAddr, path: &str) -> Keys {
        let address = group(address);
        Keys {
            pair: self.hasher.hash_one((address, path)),
            address: self.hasher.hash_one(address),
            path: self.hasher.hash_one(path),
        }
    }

    /// Whether an attempt may be checked now; else how long to wait. An attempt that is not checked is no failure.
    pub(super) fn admit(&self, address: IpAddr, path: &str, now: Instant) -> Result<(), Duration> {
        let keys = self.keys(address, path);
        let state = self.state.lock();
        let proven = state.proven.get(&keys.pair).is_some_and(|since| now.saturating_duration_since(*since) < PROVEN);
        let wait = state.pairs.wait(keys.pair, now).or_else(|| {
            if proven {
                return None;
            }
            state.addresses.wait(keys.address, now).max(state.paths.wait(keys.path, now))
        });
        wait.map_or(Ok(()), Err)
    }

    pub(super) fn record_failure(&self, address: IpAddr, path: &str, now: Instant) {
        let keys = self.keys(address, path);
        let mut state = self.state.lock();
        state.pairs.record_failure(keys.pair, keys.path, now);
        state.addresses.record_failure(keys.address, 0, now);
        state.paths.record_failure(keys.path, keys.path, now);
    }

    pub(super) fn record_success(&self, address: IpAddr, path: &str, now: Instant) {
        let keys = self.keys(address, path);
        let mut state = self.state.lock();
        state.pairs.entries.remove(&keys.pair);
        if state.proven.len() >= CAPACITY && !state.proven.contains_key(&keys.pair) {
            let oldest = state.proven.iter().min_by_key(|(_, since)| **since).map(|(key, _)| *key);
            oldest.map(|key| state.proven.remove(&key));
        }
        state.proven.insert(keys.pair, now);
    }

    /// Forgets the failures at a path: a camera opened it or has a new password, so they were no guesses of its password.
    pub(super) fn forget(&self, path: &str) {
        let path = self.hasher.hash_one(path);
        let mut state = self.state.lock();
        state.pairs.entries.retain(|_, entry| entry.path != path);
        state.paths.entries.remove(&path);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const CAMERA: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    const ATTACKER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 9, 9, 9));

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(0x0b00_0000 + number).into()
    }

    /// Tries as fast as it is let for so long; the number of guesses that were checked.
    fn attack(
        throttle: &LoginThrottle,
        start: Instant,
        length: Duration,
        mut peer: impl FnMut(u32) -> (IpAddr, String),
    ) -> u32 {
        let mut checked = 0;
        for step in 0..(length.as_millis() / 10) as u32 {
            let now = start + Duration::from_millis(10) * step;
            let (from, path) = peer(step);
            if throttle.admit(from, &path, now).is_ok() {
                throttle.record_failure(from, &path, now);
                checked += 1;
            }
        }
        checked
    }

    #[test]
    fn guesses_from_one_address_are_slowed_and_do_not_touch_the_camera_elsewhere() {
        let (throttle, start) = (LoginThrottle::default(), Instant::now());
        let hour = Duration::from_hours(1);
        let checked = attack(&throttle, start, hour, |_| (ATTACKER, "door".to_owned()));
        assert!((60..200).contains(&checked), "{checked} guesses in an hour");
        let end = start + hour;
        throttle.admit(CAMERA, "door", end).unwrap();
        let wait = throttle.admit(ATTACKER, "door", end);
        let other = throttle.admit(ATTACKER, "window", end);
        assert!(other.is_ok(), "another camera behind the same address waits: {wait:?} {other:?}");
    }

    #[test]
    fn an_address_that_tries_many_paths_is_slowed() {
        let (throttle, start) = (LoginThrottle::default(), Instant::now());
        throttle.record_success(ATTACKER, "mine", start);
        let hour = Duration::from_hours(1);
        let checked = attack(&throttle, start, hour, |step| (ATTACKER, format!("path-{step}")));
        assert!(checked < 2_000, "{checked} guesses in an hour");
        throttle.admit(ATTACKER, "mine", start + hour).expect("a camera behind the same address that logged in before");
        throttle.admit(CAMERA, "door", start + hour).unwrap();
    }

    #[test]
    fn many_addresses_at_one_path_are_slowed_and_the_proven_camera_is_not() {
        let (throttle, start) = (LoginThrottle::default(), Instant::now());
        throttle.record_success(CAMERA, "door", start);
        let minute = Duration::from_mins(1);
        let checked = attack(&throttle, start, minute, |step| (address(step), "door".to_owned()));
        assert!(checked < 300, "{checked} guesses in a minute");
        throttle.admit(CAMERA, "door", start + minute).unwrap();
        throttle.admit(address(1), "window", start + minute).unwrap();
    }

    #[test]
    fn waits_end_and_a_success_or_a_new_password_clears_them() {
        let (throttle, start) = (LoginThrottle::default(), Instant::now());
        let fail = |times: usize| (0..times).for_each(|_| throttle.record_failure(CAMERA, "door", start));
        fail(3);
        throttle.admit(CAMERA, "door", start).expect("the first failures are free");
        fail(1);
        let wait = throttle.admit(CAMERA, "door", start).unwrap_err();
        assert!(wait <= WAITS.initial * 2, "{wait:?}");
        throttle.admit(CAMERA, "door", start + wait).unwrap();
        throttle.record_success(CAMERA, "door", start + wait);
        throttle.admit(CAMERA, "door", start).unwrap();
        fail(10);
        throttle.admit(CAMERA, "door", start).unwrap_err();
        throttle.forget("door");
        throttle.admit(CAMERA, "door", start).unwrap();
    }

    #[test]
    fn the_tables_are_bounded_and_keep_the_worst() {
        let (throttle, start) = (LoginThrottle::default(), Instant::now());
        for _ in 0..20 {
            throttle.record_failure(ATTACKER, "door", start);
        }
        for number in 0..50_000 {
            throttle.record_failure(address(number), &format!("path-{number}"), start);
            throttle.record_success(address(number), &format!("path-{number}"), start);
            throttle.record_failure(address(number), &format!("path-{number}"), start);
        }
        let state = throttle.state.lock();
        for table in [&state.pairs, &state.addresses, &state.paths] {
            assert!(table.entries.len() <= CAPACITY, "{}", table.entries.len());
        }
        assert!(state.proven.len() <= CAPACITY);
        drop(state);
        throttle.admit(ATTACKER, "door", start).unwrap_err();
    }
}
