use vru_proto::v1;

use super::*;

fn hub(ring_alerts: usize, queue: usize) -> Hub {
    let hub = Hub::new(StreamId::new("c", "t"), Limits { ring_alerts, ring_bytes: 1 << 20, queue });
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

fn offsets(attached: &mut Attachment) -> Vec<(usize, i64)> {
    let mut found: Vec<_> = attached.backlog.drain(..).map(|alert| (alert.partition, alert.offset)).collect();
    while let Ok(Update::Alert { alert, .. }) = attached.updates.try_recv() {
        found.push((alert.partition, alert.offset));
    }
    found
}

#[test]
fn backlog_and_queue_meet_without_gap_or_duplicate() {
    let hub = hub(10, 10);
    publish(&hub, 0, 0);
    publish(&hub, 1, 0);
    publish(&hub, 0, 1);
    let mut attached = hub.attach(&mut Some(vec![1, 0]), &all()).unwrap();
    publish(&hub, 1, 1);
    publish(&hub, 1, 1);
    assert_eq!(offsets(&mut attached), [(1, 0), (0, 1), (1, 1)]);
}

#[test]
fn a_position_before_the_ring_is_not_attached() {
    let hub = hub(2, 10);
    for offset in 0..4 {
        publish(&hub, 0, offset);
    }
    assert!(hub.attach(&mut Some(vec![1, 0]), &all()).is_none());
    assert!(hub.attach(&mut Some(vec![2, 0]), &all()).is_some());
}

#[test]
fn an_alert_that_was_raised_twice_is_delivered_once() {
    let hub = hub(10, 10);
    let mut live = hub.attach(&mut None, &all()).unwrap();
    for (offset, id) in ["a", "b", "a", "c"].into_iter().enumerate() {
        hub.publish(EncodedAlert::new(0, offset as i64, alert(id)));
    }
    assert_eq!(offsets(&mut live), [(0, 0), (0, 1), (0, 3)]);
    let mut later = hub.attach(&mut Some(vec![1, 0]), &all()).unwrap();
    assert_eq!(offsets(&mut later), [(0, 1), (0, 3)]);
    assert_eq!(hub.head(), [4, 0]);
}

#[test]
fn without_positions_a_subscriber_attaches_at_the_head() {
    let hub = hub(10, 10);
    publish(&hub, 0, 0);
    let mut positions = None;
    let mut attached = hub.attach(&mut positions, &all()).unwrap();
    assert_eq!(positions, Some(vec![1, 0]));
    publish(&hub, 0, 1);
    assert_eq!(offsets(&mut attached), [(0, 1)]);
}

#[test]
fn a_full_queue_detaches_its_subscriber_and_no_other() {
    let hub = hub(10, 2);
    let slow = hub.attach(&mut None, &all()).unwrap();
    let mut other = hub.attach(&mut None, &all()).unwrap();
    for offset in 0..3 {
        publish(&hub, 0, offset);
        assert_eq!(offsets(&mut other), [(0, offset)]);
    }
    assert!(slow.overflowed.is_cancelled());
    assert!(!other.overflowed.is_cancelled());
}

#[test]
fn a_gap_in_the_topic_is_reported() {
    let hub = hub(10, 10);
    let mut attached = hub.attach(&mut None, &all()).unwrap();
    publish(&hub, 0, 5);
    assert!(matches!(attached.updates.try_recv(), Ok(Update::Gap { missed: 5, .. })));
    assert!(hub.attach(&mut Some(vec![4, 0]), &all()).is_none());
    assert!(hub.attach(&mut Some(vec![5, 0]), &all()).is_some());
}

#[test]
fn a_drained_subscriber_stands_at_the_head_although_its_filter_excluded_everything() {
    let hub = hub(10, 2);
    let request = v1::SubscribeRequest { camera_ids: vec!["other".to_owned()], ..Default::default() };
    let attached = hub.attach(&mut None, &Arc::new(Filter::new(request))).unwrap();
    for offset in 0..5 {
        publish(&hub, 0, offset);
    }
    assert!(!attached.overflowed.is_cancelled());
    assert_eq!(attached.head_if_drained(), Some(vec![5, 0]));
}
