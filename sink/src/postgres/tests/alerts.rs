use vru_proto::v1::{CrossingDirection as Direction, RoadUserClass as Class};

use super::*;

const CAPTURED_AT_US: i64 = 1_700_000_000_000_000;

/// A record about the alert `id`.
fn record(offset: i64, alert: v1::Alert) -> Item<ParsedRecord> {
    let partition = partition();
    let key = FrameKey { camera: "cam".parse().unwrap(), session: 1, sequence: 5 };
    let record = Record {
        partition: partition.clone(),
        offset,
        timestamp_ms: None,
        key: None,
        payload: None,
        headers: Vec::new(),
    };
    Item { partition, offset, value: ParsedRecord::Alert { key, alert: Box::new(alert), record } }
}

fn raised(id: &str) -> v1::Alert {
    v1::Alert {
        id: id.to_owned(),
        rule_id: "stays".to_owned(),
        zone_id: "crossing".to_owned(),
        track_ids: vec![7],
        captured_at_us: CAPTURED_AT_US,
        emitted_at_us: CAPTURED_AT_US,
        kind: v1::AlertKind::Dwell.into(),
        state: v1::AlertState::Raised.into(),
        occurrence: 1,
        began_at_us: CAPTURED_AT_US - 4_000_000,
        ..Default::default()
    }
}

fn ended(id: &str) -> v1::Alert {
    v1::Alert {
        state: v1::AlertState::Ended.into(),
        ended_at_us: CAPTURED_AT_US + 2_000_000,
        end_reason: v1::EndReason::Left.into(),
        ..raised(id)
    }
}

fn removed(id: &str) -> v1::Alert {
    v1::Alert { end_reason: v1::EndReason::CameraRemoved.into(), ..ended(id) }
}

fn silent(id: &str) -> v1::Alert {
    v1::Alert { end_reason: v1::EndReason::CameraSilent.into(), ..ended(id) }
}

#[tokio::test]
async fn an_end_completes_the_row_of_its_alert_once_whatever_order_the_records_have() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let batches = [
        // In order, in one batch; then both again, after a crash of inference.
        (vec![raised("a"), ended("a")], Written { alerts: 1, ended_alerts: 1, ..Written::default() }),
        (vec![raised("a"), ended("a")], Written { duplicate_alerts: 2, ..Written::default() }),
        // The end alone: the alert itself is a dead letter, or Kafka has deleted it.
        (vec![ended("b")], Written { alerts: 1, ..Written::default() }),
        (vec![raised("b"), ended("b")], Written { duplicate_alerts: 2, ..Written::default() }),
        (vec![raised("c")], Written { alerts: 1, ..Written::default() }),
        // The camera was removed, and another worker, which took over then, says that it is silent: the first end counts.
        (vec![raised("d"), removed("d")], Written { alerts: 1, ended_alerts: 1, ..Written::default() }),
        (vec![silent("d")], Written { duplicate_alerts: 1, ..Written::default() }),
    ];
    let mut offset = 0;
    for (alerts, wanted) in batches {
        let items: Vec<_> = (offset..).zip(alerts).map(|(offset, alert)| record(offset, alert)).collect();
        offset += items.len() as i64;
        assert_eq!(writer.write(&claims, &items).await.unwrap(), wanted);
    }
    let sql =
        "select id, kind, occurrence, extract(epoch from ended_at - began_at)::int, end_reason from alerts order by id";
    let rows = postgres().query(&database.url, sql);
    let row = |id: &str, seconds: &str, reason: &str| [id, "2", "1", seconds, reason].map(str::to_owned).to_vec();
    assert_eq!(rows, [row("a", "6", "1"), row("b", "6", "1"), row("c", "", "0"), row("d", "6", "4")]);
}

#[tokio::test]
async fn crossings_are_rows_that_can_be_counted_by_line_direction_class_and_hour() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let crossing = |(number, (direction, class)): (i64, (Direction, Class))| {
        let alert = v1::Alert {
            kind: v1::AlertKind::LineCrossing.into(),
            zone_id: String::new(),
            line_id: "gate".to_owned(),
            direction: direction.into(),
            class: class.into(),
            ended_at_us: CAPTURED_AT_US,
            ..raised(&format!("crossing-{number}"))
        };
        record(number, alert)
    };
    let seen = [
        (Direction::In, Class::Pedestrian),
        (Direction::In, Class::Pedestrian),
        (Direction::Out, Class::Pedestrian),
        (Direction::In, Class::Cyclist),
    ];
    let items: Vec<_> = (0..).zip(seen).map(crossing).collect();
    assert_eq!(writer.write(&claims, &items).await.unwrap().alerts, 4);
    let sql = "select line_id, direction, class, count(*) from alerts where kind = 3 and camera_id = 'cam' \
         group by date_trunc('hour', captured_at), line_id, direction, class order by 2, 3";
    let rows = postgres().query(&database.url, sql);
    let row = |direction: &str, class: &str, count: &str| ["gate", direction, class, count].map(str::to_owned).to_vec();
    assert_eq!(rows, [row("1", "1", "2"), row("1", "2", "1"), row("2", "1", "1")]);
}

#[tokio::test]
async fn an_alert_from_before_kinds_and_states_is_presence_without_times() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let old = v1::Alert { kind: 0, state: 0, occurrence: 0, began_at_us: 0, ..raised("old") };
    writer.write(&claims, &[record(0, old)]).await.unwrap();
    let rows = postgres().query(&database.url, "select kind, occurrence, began_at, ended_at from alerts");
    assert_eq!(rows, [["1", "0", "", ""].map(str::to_owned).to_vec()]);
}
