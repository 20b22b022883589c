//! Where librdkafka stands with the group, from its statistics.
//!
//! Its other calls cannot tell: the coordinator answers the requests of one connection in their order, and holds a join until every other
//! member has joined again. A question behind that join is not answered for as long as another member takes to give its partitions back.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Deserialize;

/// How often librdkafka tells.
pub(super) const REPORT_INTERVAL: Duration = Duration::from_millis(500);

/// Written by librdkafka's callback on the thread that polls the client, read by that thread.
#[derive(Debug, Default)]
pub(super) struct GroupState(Mutex<Option<Report>>);

#[derive(Debug, Clone, Copy)]
struct Report {
    at: Instant,
    without_coordinator_since: Option<Instant>,
    joining: bool,
}

/// The part of librdkafka's statistics that concerns the group.
#[derive(Deserialize)]
struct Statistics {
    cgrp: Option<Cgrp>,
}

#[derive(Deserialize)]
struct Cgrp {
    state: String,
    join_state: String,
}

impl GroupState {
    /// Takes in librdkafka's statistics, in JSON. Others than those of a group member are ignored.
    pub(super) fn report(&self, json: &[u8], now: Instant) {
        match serde_json::from_slice(json) {
            Ok(Statistics { cgrp: Some(group) }) => self.record(&group, now),
            Ok(Statistics { cgrp: None }) => {}
            Err(error) => tracing::warn!(%error, "cannot read librdkafka's statistics"),
        }
    }

    fn record(&self, group: &Cgrp, now: Instant) {
        let mut last = self.0.lock();
        let earlier = last.and_then(|report| report.without_coordinator_since);
        let without_coordinator_since = (group.state != "up").then(|| earlier.unwrap_or(now));
        // The generation is complete, and the member knows its partitions, after the last of these three.
        let joining = ["wait-join", "wait-metadata", "wait-sync"].contains(&&*group.join_state);
        *last = Some(Report { at: now, without_coordinator_since, joining });
    }

    /// For how long librdkafka has been without the group's coordinator; zero while it has it, and before the first report.
    pub(super) fn without_coordinator(&self) -> Duration {
        let since = self.0.lock().and_then(|report| report.without_coordinator_since);
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Whether a join is under way, as told after `since`; `None` while nothing was told after it.
    pub(super) fn is_joining(&self, since: Instant) -> Option<bool> {
        self.0.lock().filter(|report| report.at >= since).map(|report| report.joining)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statistics(state: &str, join_state: &str) -> Vec<u8> {
        let group = serde_json::json!({ "state": state, "stateage": 7, "join_state": join_state });
        serde_json::json!({ "name": "client", "brokers": {}, "cgrp": group }).to_string().into_bytes()
    }

    #[test]
    fn a_client_is_without_its_coordinator_from_the_first_report_of_that_on() {
        let group = GroupState::default();
        assert!(group.without_coordinator().is_zero());
        let earlier = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
        group.report(&statistics("query-coord", "init"), earlier);
        group.report(&statistics("wait-broker-transport", "init"), Instant::now());
        assert!(group.without_coordinator() >= Duration::from_secs(10));
        group.report(&statistics("up", "wait-join"), Instant::now());
        assert!(group.without_coordinator().is_zero());
    }

    #[test]
    fn a_join_lasts_until_the_member_knows_its_partitions() {
        let group = GroupState::default();
        for (join_state, joining) in
            [("init", false), ("wait-join", true), ("wait-metadata", true), ("wait-sync", true), ("steady", false)]
        {
            group.report(&statistics("up", join_state), Instant::now());
            assert_eq!(group.is_joining(Instant::now().checked_sub(Duration::from_secs(1)).unwrap()), Some(joining));
        }
    }

    #[test]
    fn a_report_from_before_tells_nothing_about_now() {
        let group = GroupState::default();
        let reported = Instant::now();
        group.report(&statistics("up", "steady"), reported);
        assert_eq!(group.is_joining(reported + Duration::from_millis(1)), None);
    }

    #[test]
    fn statistics_of_other_clients_and_rubbish_change_nothing() {
        let group = GroupState::default();
        let earlier = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
        group.report(&statistics("query-coord", "wait-join"), earlier);
        group.report(br#"{"name":"producer","brokers":{}}"#, Instant::now());
        group.report(b"{", Instant::now());
        assert!(group.without_coordinator() >= Duration::from_secs(10));
        assert_eq!(group.is_joining(earlier), Some(true));
    }
}
