use tokio::sync::Semaphore;
use vru_proto::v1;
use vru_proto::v1::subscribe_response::Event;
use vru_runtime::kafka::{KafkaConfig, TopicId};

use super::*;
use crate::alerts::hub::{Hub, Limits};
use crate::alerts::resume_token::{StreamId, decode};

fn hub() -> Hub {
    let hub = Hub::new(StreamId::new("c", "t", TopicId::NONE), Limits { ring_alerts: 10, ring_bytes: 1 << 20 });
    hub.add_partitions(&[0, 0]);
    hub
}

fn publish(hub: &Hub, partition: usize, offset: i64) {
    let alert = v1::Alert { id: format!("{partition}/{offset}"), ..Default::default() };
    hub.publish(EncodedAlert::new(partition, offset, alert));
}

fn all() -> Arc<Filter> {
    Arc::new(Filter::new(v1::SubscribeRequest::default()))
}

fn subscription(hub: &Hub, source: Source, positions: Positions) -> Subscription {
    let replays = Replays { kafka: KafkaConfig::default(), hub: hub.clone(), permits: Arc::new(Semaphore::new(1)) };
    Subscription {
        replays: Arc::new(replays),
        source,
        filter: all(),
        sent: token_field(&encode(hub.stream(), &positions)),
        positions,
        heartbeat: Duration::from_mins(1),
        queue: 10,
        of_deleted_topic: None,
        lifetime: Lifetime::new(&Identity::anonymous(), CancellationToken::new(), CancellationToken::new()),
    }
}

fn subscribe(hub: &Hub, token: Option<&str>) -> Subscription {
    let mut positions = token.map(|token| decode(hub.stream(), token).unwrap());
    let attachment = hub.attach(&mut positions, &all()).unwrap();
    subscription(hub, Source::Hub(attachment), positions.unwrap())
}

/// The next response, as if it was sent as a whole.
async fn next(subscription: &mut Subscription) -> (Event, String) {
    let response = subscription.next().await.unwrap();
    subscription.confirm(&response.token);
    let response = response.decode();
    (response.event.unwrap(), response.resume_token)
}

fn first_token(subscription: &mut Subscription) -> String {
    let first = subscription.subscribed();
    subscription.confirm(&first.token);
    let first = first.decode();
    assert_eq!(first.event, Some(Event::Subscribed(v1::Subscribed {})));
    first.resume_token
}

async fn alert_ids<const N: usize>(subscription: &mut Subscription) -> [String; N] {
    let mut ids = Vec::new();
    for _ in 0..N {
        match next(subscription).await.0 {
            Event::Alert(alert) => ids.push(alert.id),
            other => panic!("{other:?} after {ids:?}"),
        }
    }
    ids.try_into().unwrap()
}

fn token_of(status: &Status) -> &str {
    status.metadata().get(METADATA_RESUME_TOKEN).unwrap().to_str().unwrap()
}

#[tokio::test]
async fn a_subscriber_that_disconnects_after_the_first_response_loses_nothing() {
    let hub = hub();
    publish(&hub, 0, 0);
    let mut first = subscribe(&hub, None);
    let token = first_token(&mut first);
    publish(&hub, 0, 1);
    drop(first);
    publish(&hub, 1, 0);
    // The resumed stream is lost before its first alert too.
    let mut second = subscribe(&hub, Some(&token));
    let token = first_token(&mut second);
    drop(second);
    publish(&hub, 0, 2);
    let mut third = subscribe(&hub, Some(&token));
    first_token(&mut third);
    assert_eq!(alert_ids(&mut third).await, ["0/1", "1/0", "0/2"]);
}

#[tokio::test]
async fn the_token_of_the_first_response_outlives_the_server() {
    let first_server = hub();
    publish(&first_server, 0, 0);
    let token = first_token(&mut subscribe(&first_server, None));
    // Another server, or the same one after a restart, reads the topic from its beginning.
    let second_server = hub();
    (0..3).for_each(|offset| publish(&second_server, 0, offset));
    let mut resumed = subscribe(&second_server, Some(&token));
    assert_eq!(first_token(&mut resumed), token);
    assert_eq!(alert_ids(&mut resumed).await, ["0/1", "0/2"]);
}

#[tokio::test]
async fn a_replay_begins_with_the_token_of_the_request() {
    let hub = hub();
    let (steps, receiver) = mpsc::channel(1);
    let mut replay = subscription(&hub, Source::Replay(receiver), vec![3, 4]);
    assert_eq!(decode(hub.stream(), &first_token(&mut replay)), Ok(vec![3, 4]));
    steps.send(ReplayStep::Gap { missed: 2, positions: vec![5, 4] }).await.unwrap();
    let (event, token) = next(&mut replay).await;
    assert_eq!(event, Event::Gap(v1::Gap { missed_records: 2, topic_recreated: false }));
    assert_eq!(decode(hub.stream(), &token), Ok(vec![5, 4]));
}

#[tokio::test]
async fn a_stopping_server_ends_a_stream_with_the_token_of_the_last_response() {
    let hub = hub();
    let stop = CancellationToken::new();
    let mut subscription = subscribe(&hub, None);
    subscription.lifetime = Lifetime::new(&Identity::anonymous(), stop.clone(), CancellationToken::new());
    let token = first_token(&mut subscription);
    publish(&hub, 0, 0);
    stop.cancel();
    let status = subscription.next().await.unwrap_err();
    assert_eq!((status.code(), token_of(&status)), (Code::Unavailable, token.as_str()));
}

#[tokio::test]
async fn the_token_at_the_end_is_before_a_response_that_was_not_sent_as_a_whole() {
    let hub = hub();
    let mut subscription = subscribe(&hub, None);
    first_token(&mut subscription);
    (0..2).for_each(|offset| publish(&hub, 0, offset));
    let (_, token) = next(&mut subscription).await;
    // Being sent when the stream ends.
    assert!(subscription.next().await.is_ok());
    let status = subscription.end(End::TooSlow);
    assert_eq!((status.code(), token_of(&status)), (Code::ResourceExhausted, token.as_str()));
    let mut resumed = subscribe(&hub, Some(&token));
    assert_eq!(alert_ids(&mut resumed).await, ["0/1"]);
}

#[tokio::test]
async fn a_stream_ends_when_the_bearer_token_expires_or_its_key_is_revoked_although_alerts_wait() {
    let hub = hub();
    let valid = Identity { expires_at: Some(SystemTime::now() + Duration::from_hours(1)), ..Identity::anonymous() };
    let expired = Identity { expires_at: Some(SystemTime::now()), ..valid.clone() };
    let revoked = Identity { revoked: CancellationToken::new(), ..valid.clone() };
    revoked.revoked.cancel();
    for (identity, wanted) in [(expired, "expired"), (revoked, "no longer valid")] {
        let mut subscription = subscribe(&hub, None);
        subscription.lifetime = Lifetime::new(&identity, CancellationToken::new(), CancellationToken::new());
        let token = first_token(&mut subscription);
        publish(&hub, 0, hub.head()[0]);
        // Whether the subscriber reads or not.
        assert!(matches!(subscription.overdue().await, End::Expired | End::Revoked));
        let status = subscription.next().await.unwrap_err();
        assert_eq!((status.code(), token_of(&status)), (Code::Unauthenticated, token.as_str()));
        assert!(status.message().contains(wanted), "{status:?}");
    }
    let mut subscription = subscribe(&hub, None);
    subscription.lifetime = Lifetime::new(&valid, CancellationToken::new(), CancellationToken::new());
    publish(&hub, 0, hub.head()[0]);
    assert!(subscription.next().await.is_ok());
}

#[tokio::test]
async fn an_expiry_that_no_clock_reaches_does_not_end_a_stream() {
    let hub = hub();
    let far = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(i64::MAX as u64)).unwrap();
    let mut subscription = subscribe(&hub, None);
    let identity = Identity { expires_at: Some(far), ..Identity::anonymous() };
    subscription.lifetime = Lifetime::new(&identity, CancellationToken::new(), CancellationToken::new());
    publish(&hub, 0, 0);
    assert_eq!(alert_ids(&mut subscription).await, ["0/0"]);
}

#[tokio::test]
async fn a_stuck_subscriber_is_overdue_when_its_queue_is_full() {
    let hub = hub();
    let mut subscription = subscribe(&hub, None);
    let publishing = async {
        for offset in 0..11 {
            publish(&hub, 0, offset);
            tokio::task::yield_now().await;
        }
    };
    let (end, ()) = tokio::join!(subscription.overdue(), publishing);
    assert_eq!(end, End::TooSlow);
}

#[tokio::test]
async fn a_subscriber_of_a_deleted_topic_is_told_before_it_gets_the_new_one_and_has_its_old_token_until_then() {
    let hub = hub();
    publish(&hub, 0, 0);
    let begin = encode(hub.stream(), &[0, 0]);
    let mut subscription = Subscription { of_deleted_topic: Some("old".to_owned()), ..subscribe(&hub, Some(&begin)) };
    assert_eq!(first_token(&mut subscription), "old");
    let (event, token) = next(&mut subscription).await;
    assert_eq!(event, Event::Gap(v1::Gap { missed_records: 0, topic_recreated: true }));
    assert_eq!(token, begin);
    assert_eq!(alert_ids(&mut subscription).await, ["0/0"]);
}

#[tokio::test]
async fn a_stream_of_a_topic_that_is_created_again_ends_with_its_token() {
    let hub = hub();
    let mut subscription = subscribe(&hub, None);
    let recreated = CancellationToken::new();
    subscription.lifetime = Lifetime::new(&Identity::anonymous(), CancellationToken::new(), recreated.clone());
    let token = first_token(&mut subscription);
    publish(&hub, 0, 0);
    recreated.cancel();
    let status = subscription.next().await.unwrap_err();
    assert_eq!((status.code(), token_of(&status)), (Code::Unavailable, token.as_str()));
}
