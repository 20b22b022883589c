use futures::FutureExt as _;
use vru_proto::v1;
use vru_runtime::kafka::TopicId;

use super::*;

fn hub(ring_alerts: usize) -> Hub {
    let hub = Hub::new(StreamId::new("c", "t", TopicId::NONE), Limits { ring_alerts, ring_bytes: 1 << 20 });
    hub.add_partitions(&[0, 0]);
    hub
}

fn alert(id: &str) -> v1::Alert {
    v1::Alert { id: id.to_owned(), ..Default::default() }
}

fn publish(hub: &Hub, partition: usize, offset: i64) {
    hub.publish(EncodedAlert::new(partition, offset, alert(&format!("{partition}/{offset}"))));
}

fn all() -> Arc<Filter> {
    Arc::new(Filter::new(v1::SubscribeRequest::default()))
}

struct Attached(Attachment, Positions);

impl Attached {
    fn at(hub: &Hub, positions: Option<Positions>, filter: &Arc<Filter>) -> Option<Self> {
        let mut positions = positions;
        let attachment = hub.attach(&mut positions, filter)?;
        Some(Self(attachment, positions.unwrap()))
    }

    fn step(&mut self) -> Step {
        self.0.step(&mut self.1)
    }

    fn offsets(&mut self) -> Vec<(usize, i64)> {
        let mut found = Vec::new();
        loop {
            match self.step() {
                Step::Alert { alert, .. } => found.push((alert.partition, alert.offset)),
                Step::Drained => return found,
                other => panic!("{other:?} after {found:?}"),
            }
        }
    }
}

#[test]
fn what_the_ring_holds_and_what_comes_meet_without_gap_or_duplicate() {
    let hub = hub(10);
    publish(&hub, 0, 0);
    publish(&hub, 1, 0);
    publish(&hub, 0, 1);
    let mut attached = Attached::at(&hub, Some(vec![1, 0]), &all()).unwrap();
    publish(&hub, 1, 1);
    publish(&hub, 1, 1);
    assert_eq!(attached.offsets(), [(1, 0), (0, 1), (1, 1)]);
    assert_eq!(attached.1, [2, 2]);
}

#[test]
fn a_position_before_the_ring_is_not_attached() {
    let hub = hub(2);
    for offset in 0..4 {
        publish(&hub, 0, offset);
    }
    assert!(Attached::at(&hub, Some(vec![1, 0]), &all()).is_none());
    assert!(Attached::at(&hub, Some(vec![2, 0]), &all()).is_some());
}

#[test]
fn a_subscriber_that_falls_behind_the_ring_is_told_where_it_stands() {
    let hub = hub(2);
    let mut attached = Attached::at(&hub, None, &all()).unwrap();
    publish(&hub, 0, 0);
    assert!(matches!(attached.step(), Step::Alert { .. }));
    (1..4).for_each(|offset| publish(&hub, 0, offset));
    assert!(matches!(attached.step(), Step::Evicted));
    assert_eq!(attached.1, [1, 0], "the next alert is at offset 1");
}

#[test]
fn an_alert_that_was_raised_twice_is_delivered_once() {
    let hub = hub(10);
    let mut live = Attached::at(&hub, None, &all()).unwrap();
    for (offset, id) in ["a", "b", "a", "c"].into_iter().enumerate() {
        hub.publish(EncodedAlert::new(0, offset as i64, alert(id)));
    }
    assert_eq!(live.offsets(), [(0, 0), (0, 1), (0, 3)]);
    let mut later = Attached::at(&hub, Some(vec![1, 0]), &all()).unwrap();
    assert_eq!(later.offsets(), [(0, 1), (0, 3)]);
    assert_eq!(hub.head(), [4, 0]);
}

#[test]
fn the_end_of_an_alert_is_delivered_once_too() {
    let hub = hub(10);
    let mut live = Attached::at(&hub, None, &all()).unwrap();
    let raised_only = v1::SubscribeRequest { states: vec![v1::AlertState::Raised.into()], ..Default::default() };
    let mut raised_only = Attached::at(&hub, None, &Arc::new(Filter::new(raised_only))).unwrap();
    let ended = v1::Alert { state: v1::AlertState::Ended.into(), ..alert("a") };
    for (offset, alert) in [alert("a"), ended.clone(), alert("a"), ended].into_iter().enumerate() {
        hub.publish(EncodedAlert::new(0, offset as i64, alert));
    }
    assert_eq!(live.offsets(), [(0, 0), (0, 1)]);
    assert_eq!(raised_only.offsets(), [(0, 0)]);
}

#[test]
fn without_positions_a_subscriber_attaches_at_the_head() {
    let hub = hub(10);
    publish(&hub, 0, 0);
    let mut attached = Attached::at(&hub, None, &all()).unwrap();
    assert_eq!(attached.1, [1, 0]);
    publish(&hub, 0, 1);
    assert_eq!(attached.offsets(), [(0, 1)]);
}

#[test]
fn a_subscriber_that_is_ahead_of_this_server_is_not_sent_back() {
    let hub = hub(10);
    publish(&hub, 0, 0);
    // Another server has read further.
    let mut attached = Attached::at(&hub, Some(vec![3, 1]), &all()).unwrap();
    for offset in 1..5 {
        publish(&hub, 0, offset);
    }
    publish(&hub, 1, 0);
    publish(&hub, 1, 1);
    let mut found = Vec::new();
    while let Step::Alert { alert, token } = attached.step() {
        assert!(token.is_none(), "the token of the ring may be behind the subscriber");
        found.push((alert.partition, alert.offset));
    }
    assert_eq!(found, [(0, 3), (0, 4), (1, 1)]);
    assert_eq!(attached.1, [5, 2]);
}

#[test]
fn only_alerts_that_came_while_a_subscriber_did_not_read_make_it_too_slow() {
    let hub = hub(100);
    (0..50).for_each(|offset| publish(&hub, 0, offset));
    let mut backlog = Attached::at(&hub, Some(vec![0, 0]), &all()).unwrap();
    let only = |camera: &str| v1::SubscribeRequest { camera_ids: vec![camera.to_owned()], ..Default::default() };
    let mut filtered = Attached::at(&hub, None, &Arc::new(Filter::new(only("other")))).unwrap();
    let overflowed = |attached: &mut Attached| attached.0.overflowed(3).now_or_never().is_some();
    (50..53).for_each(|offset| publish(&hub, 0, offset));
    assert!(!overflowed(&mut backlog), "what it was attached with does not count, and three may wait");
    publish(&hub, 0, 53);
    assert!(overflowed(&mut backlog));
    assert!(!overflowed(&mut filtered), "its filter excludes them");
    for _ in 0..51 {
        assert!(matches!(backlog.step(), Step::Alert { .. }));
    }
    assert!(!overflowed(&mut backlog), "it has read on");
}

#[tokio::test]
async fn alerts_that_come_while_it_is_watched_make_a_subscriber_too_slow() {
    let hub = hub(2);
    let mut stuck = Attached::at(&hub, None, &all()).unwrap();
    let publishing = async {
        for offset in 0..6 {
            publish(&hub, 0, offset);
            tokio::task::yield_now().await;
        }
    };
    // Also when the ring has evicted some of them.
    tokio::join!(stuck.0.overflowed(5), publishing);
}

#[test]
fn a_gap_in_the_topic_is_told_once_to_those_who_stood_before_it() {
    let hub = hub(10);
    let mut attached = Attached::at(&hub, None, &all()).unwrap();
    publish(&hub, 0, 5);
    assert!(matches!(attached.step(), Step::Gap { missed: 5 }));
    assert_eq!(attached.1, [5, 0]);
    assert_eq!(attached.offsets(), [(0, 5)]);
    assert!(Attached::at(&hub, Some(vec![4, 0]), &all()).is_none());
    let mut after = Attached::at(&hub, Some(vec![5, 0]), &all()).unwrap();
    assert_eq!(after.offsets(), [(0, 5)]);
}

#[test]
fn a_drained_subscriber_stands_at_the_head_although_its_filter_excluded_everything() {
    let hub = hub(10);
    let request = v1::SubscribeRequest { camera_ids: vec!["other".to_owned()], ..Default::default() };
    let mut attached = Attached::at(&hub, None, &Arc::new(Filter::new(request))).unwrap();
    for offset in 0..5 {
        publish(&hub, 0, offset);
    }
    hub.skip(1, 0);
    assert!(matches!(attached.step(), Step::Drained));
    assert_eq!(attached.1, [5, 1]);
}
