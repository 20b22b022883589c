use std::pin::Pin;

use vru_proto::v1;
use vru_proto::v1::subscribe_response::Event;

use super::*;
use crate::alerts::hub::{Hub, Limits};
use crate::alerts::resume_token::decode;

type Responses = Pin<Box<dyn Stream<Item = Result<Response, Status>> + Send>>;

fn hub() -> Hub {
    let hub = Hub::new(StreamId::new("c", "t"), Limits { ring_alerts: 10, ring_bytes: 1 << 20, queue: 10 });
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

fn subscription(source: Source, positions: Positions) -> Subscription {
    Subscription {
        stream: StreamId::new("c", "t"),
        source,
        filter: all(),
        positions,
        heartbeat: Duration::from_mins(1),
        expires_at: None,
        stop: CancellationToken::new(),
    }
}

fn subscribe(hub: &Hub, token: Option<&str>) -> Responses {
    let mut positions = token.map(|token| decode(hub.stream(), token).unwrap());
    let attachment = hub.attach(&mut positions, &all()).unwrap();
    Box::pin(subscription(Source::Hub(attachment), positions.unwrap()).responses())
}

async fn next(responses: &mut Responses) -> (Event, String) {
    let response = responses.next().await.unwrap().unwrap().decode();
    (response.event.unwrap(), response.resume_token)
}

/// The first response must not wait for anything.
fn first_token(responses: &mut Responses) -> String {
    let first = futures::FutureExt::now_or_never(responses.next()).expect("a response at once").unwrap().unwrap();
    let first = first.decode();
    assert_eq!(first.event, Some(Event::Subscribed(v1::Subscribed {})));
    first.resume_token
}

async fn alert_ids<const N: usize>(responses: &mut Responses) -> [String; N] {
    let mut ids = Vec::new();
    for _ in 0..N {
        match next(responses).await.0 {
            Event::Alert(alert) => ids.push(alert.id),
            other => panic!("{other:?} after {ids:?}"),
        }
    }
    ids.try_into().unwrap()
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
    let (steps, receiver) = mpsc::channel(1);
    let mut responses: Responses = Box::pin(subscription(Source::Replay(receiver), vec![3, 4]).responses());
    assert_eq!(decode(StreamId::new("c", "t"), &first_token(&mut responses)), Ok(vec![3, 4]));
    steps.send(ReplayStep::Gap { missed: 2, positions: vec![5, 4] }).await.unwrap();
    let (event, token) = next(&mut responses).await;
    assert_eq!(event, Event::Gap(v1::Gap { missed_records: 2 }));
    assert_eq!(decode(StreamId::new("c", "t"), &token), Ok(vec![5, 4]));
}

#[tokio::test]
async fn a_stopping_server_sends_the_first_response_and_ends_with_the_same_token() {
    let hub = hub();
    let attachment = hub.attach(&mut None, &all()).unwrap();
    let subscription = subscription(Source::Hub(attachment), vec![0, 0]);
    subscription.stop.cancel();
    let mut responses: Responses = Box::pin(subscription.responses());
    let token = first_token(&mut responses);
    let Some(Err(status)) = responses.next().await else { panic!("the stream goes on") };
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.metadata().get(METADATA_RESUME_TOKEN).unwrap(), token.as_str());
    assert!(responses.next().await.is_none());
}

#[tokio::test]
async fn a_stream_ends_when_the_bearer_token_expires_although_alerts_wait() {
    let hub = hub();
    publish(&hub, 0, 0);
    let attachment = hub.attach(&mut Some(vec![0, 0]), &all()).unwrap();
    publish(&hub, 0, 1);
    let mut subscription = subscription(Source::Hub(attachment), vec![0, 0]);
    subscription.expires_at = Some(SystemTime::now());
    let mut responses: Responses = Box::pin(subscription.responses());
    let token = first_token(&mut responses);
    let Some(Err(status)) = responses.next().await else { panic!("the stream goes on") };
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(status.metadata().get(METADATA_RESUME_TOKEN).unwrap(), token.as_str());
    assert!(responses.next().await.is_none());
}
