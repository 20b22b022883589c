//! Bins of what was counted and of the time that was watched.

use rand::Rng as _;
use rand::seq::SliceRandom as _;
use vru_runtime::test_util::seeded_rng;

use super::*;

/// 2024-10-04 00:00.
const MIDNIGHT: i64 = 20_000 * 86_400_000_000;
const SECOND: i64 = 1_000_000;

impl Database {
    /// The bins are what the rows of frames and passages say.
    fn assert_counts(&self) {
        let differences = postgres().query(&self.url, include_str!("../../../../storage/tests/counts_differ.sql"));
        assert!(differences.is_empty(), "{differences:#?}");
    }

    fn rows(&self, sql: &str) -> Vec<String> {
        postgres().query(&self.url, sql).into_iter().map(|row| row.join(" ")).collect()
    }

    /// The seconds of each minute of 2024-10-04 in which the line was watched.
    fn watched(&self, line: &str) -> Vec<String> {
        self.rows(&format!(
            "select to_char(starts_at at time zone 'UTC', 'HH24:MI'), sum(watched_us) / 1000000.0::float8 \
             from watched_1m w join watches t on t.camera_id = w.camera_id and t.id = w.watch_id and '{line}' = any (t.line_ids) \
             group by starts_at order by starts_at"
        ))
    }
}

/// A frame in which crossings of these lines are counted.
fn watching(offset: i64, at_us: i64, session: u64, lines: &[&str]) -> Item<ParsedRecord> {
    let mut item = frame(offset, offset as u64, at_us);
    if let ParsedRecord::Frame { key, detections, .. } = &mut item.value {
        key.session = session;
        detections.delivery = v1::Delivery::Live.into();
        detections.counting = Some(v1::Counting {
            line_ids: lines.iter().map(|&line| line.to_owned()).collect(),
            max_gap_us: 2_000_000,
            ..Default::default()
        });
    }
    item
}

fn crossing(session: u64, occurrence: u32, at_us: i64) -> v1::Passage {
    v1::Passage {
        line_id: "kerb".to_owned(),
        direction: v1::CrossingDirection::In.into(),
        class: v1::RoadUserClass::Cyclist.into(),
        track_id: 9,
        session,
        occurrence,
        at_us,
        ..Default::default()
    }
}

fn with(mut item: Item<ParsedRecord>, change: impl FnOnce(&mut v1::FrameDetections)) -> Item<ParsedRecord> {
    if let ParsedRecord::Frame { detections, .. } = &mut item.value {
        change(detections);
    }
    item
}

#[tokio::test]
async fn a_gap_at_the_bound_was_watched_one_above_it_was_not_and_minutes_divide_it() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let times = [0, 2 * SECOND, 4 * SECOND + 1, 59 * SECOND, 61 * SECOND, 62 * SECOND];
    // Each in a transaction of its own: the newest frame is known to the next one.
    for (offset, at) in (0..).zip(times) {
        writer.write(&claims, &[watching(offset, MIDNIGHT + at, 1, &["kerb"])]).await.unwrap();
    }
    assert_eq!(database.watched("kerb"), ["00:00 3", "00:01 2"]);
    database.assert_counts();
}

#[tokio::test]
async fn silence_is_not_watched_and_a_watched_minute_without_a_crossing_is_zero() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    // Two minutes, silence for ten, two minutes.
    let seconds: Vec<i64> = (0..=120).chain(720..=840).collect();
    let frames: Vec<_> = (0..).zip(&seconds).map(|(at, s)| watching(at, MIDNIGHT + s * SECOND, 1, &["kerb"])).collect();
    for batch in frames.chunks(50) {
        writer.write(&claims, batch).await.unwrap();
    }
    assert_eq!(database.watched("kerb"), ["00:00 60", "00:01 60", "00:12 60", "00:13 60"]);
    assert_eq!(database.rows("select watched_us / 1000000 from watched_15m"), ["240"]);
    assert_eq!((database.count("counts_1m"), database.count("counts_15m")), ("0".to_owned(), "0".to_owned()));
    database.assert_counts();
}

#[tokio::test]
async fn a_line_that_is_added_or_removed_was_watched_only_while_it_was_there() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let lines = |second| match second {
        0..30 => &["kerb"][..],
        30..90 => &["kerb", "stop"],
        _ => &["stop"],
    };
    for second in 0..=120 {
        let item = watching(second, MIDNIGHT + second * SECOND, 1, lines(second));
        writer.write(&claims, &[item]).await.unwrap();
    }
    // Between the last frame without the line and the first with it, nobody looked at it.
    assert_eq!(database.watched("kerb"), ["00:00 60", "00:01 29"]);
    assert_eq!(database.watched("stop"), ["00:00 30", "00:01 60"]);
    assert_eq!(database.watched("gate"), Vec::<String>::new());
    database.assert_counts();
}

#[tokio::test]
async fn a_reconnected_camera_was_not_watched_in_between_and_its_sessions_are_one_feed() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let times = [(1, 0), (1, 1), (2, 2), (2, 3)];
    for (offset, (session, second)) in (0..).zip(times) {
        let item = watching(offset, MIDNIGHT + second * SECOND, session, &["kerb"]);
        writer.write(&claims, &[item]).await.unwrap();
    }
    assert_eq!(database.watched("kerb"), ["00:00 2"]);
    // A frame of the first session comes late, from between the others: the second session was not watched over it.
    writer.write(&claims, &[watching(4, MIDNIGHT + 2 * SECOND + 5, 1, &["kerb"])]).await.unwrap();
    assert_eq!(database.watched("kerb"), ["00:00 1"]);
    database.assert_counts();
}

#[tokio::test]
async fn a_crossing_counts_once_in_the_minute_in_which_it_happened() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let at = MIDNIGHT + 60 * SECOND;
    // Known one frame later, and published again in another frame by a worker that took over.
    let crossed = |offset, passages: Vec<v1::Passage>| {
        with(watching(offset, at + offset * 100_000, 1, &["kerb"]), |frame| frame.passages = passages)
    };
    let first = crossed(0, vec![crossing(1, 0, at - 1), crossing(1, 1, at)]);
    assert_eq!(writer.write(&claims, std::slice::from_ref(&first)).await.unwrap().passages, 2);
    let again = [first, crossed(1, vec![crossing(1, 1, at), crossing(1, 2, at + 1)])];
    let again: Vec<_> = (1..).zip(again).map(|(offset, item)| Item { offset, ..item }).collect();
    let written = writer.write(&claims, &again).await.unwrap();
    assert_eq!((written.frames, written.duplicate_frames, written.passages), (1, 1, 1));
    let bins =
        "select to_char(starts_at at time zone 'UTC', 'HH24:MI'), direction, class, passages from counts_1m order by 1";
    assert_eq!(database.rows(bins), ["00:00 1 2 1", "00:01 1 2 2"]);
    assert_eq!(database.rows("select passages from counts_15m"), ["3"]);
    database.assert_counts();
}

#[tokio::test]
async fn a_file_is_counted_apart_from_live_video_and_from_its_other_sessions() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let file = |frame: &mut v1::FrameDetections| frame.delivery = v1::Delivery::EveryFrame.into();
    // The same seconds, seen live, and twice in a file.
    let mut offset = 0;
    for (session, is_file) in [(1, false), (50, true), (51, true)] {
        for second in 0..=10 {
            let item = watching(offset, MIDNIGHT + second * SECOND, session, &["kerb"]);
            let item = if is_file { with(item, file) } else { item };
            let item = with(item, |frame| {
                if second == 5 {
                    frame.passages.push(crossing(session, 0, MIDNIGHT + 5 * SECOND));
                }
            });
            writer.write(&claims, &[item]).await.unwrap();
            offset += 1;
        }
    }
    assert_eq!(
        database.rows("select file_session, watched_us / 1000000 from watched_1m order by 1"),
        ["0 10", "50 10", "51 10"]
    );
    assert_eq!(database.rows("select file_session, passages from counts_1m order by 1"), ["0 1", "50 1", "51 1"]);
    database.assert_counts();
}

#[tokio::test]
async fn frames_that_do_not_say_what_was_counted_are_not_watched() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let unknown = |item| with(item, |frame: &mut v1::FrameDetections| frame.counting = None);
    for second in 0..10 {
        let item = watching(second, MIDNIGHT + second * SECOND, 1, &["kerb"]);
        let item = if second < 5 { unknown(item) } else { item };
        writer.write(&claims, &[item]).await.unwrap();
    }
    assert_eq!(database.watched("kerb"), ["00:00 4"]);
    assert_eq!(database.count("frames where watch_id is null"), "5");
    database.assert_counts();
}

#[tokio::test]
async fn bins_are_what_the_rows_say_whatever_the_order_and_however_often_frames_come() {
    let mut random = seeded_rng("count-bins");
    for _ in 0..6 {
        let database = Database::migrated().await;
        let mut writer = database.writer();
        let mut claims = take_over(&mut writer).await;
        let mut at = MIDNIGHT - 100 * SECOND;
        let mut frames = Vec::new();
        let mut session = 1;
        let mut lines = vec!["kerb"];
        for number in 0..150 {
            at += match random.random_range(0..20) {
                0 => random.random_range(2 * SECOND - 2..2 * SECOND + 3),
                1 => random.random_range(0..200 * SECOND),
                2 => 0,
                _ => random.random_range(1..1_500_000),
            };
            match random.random_range(0..40) {
                0 => session += 1,
                1 => lines = vec!["kerb", "stop"],
                2 => lines = vec!["stop"],
                3 => lines = Vec::new(),
                _ => {}
            }
            let is_file = random.random_bool(0.1);
            let item = watching(number, at, if is_file { 77 } else { session }, &lines);
            let back = random.random_range(0..5 * SECOND);
            let occurrence = random.random_range(0..60);
            let passes = random.random_bool(0.4);
            frames.push(with(item, |frame| {
                if is_file {
                    frame.delivery = v1::Delivery::EveryFrame.into();
                }
                if passes {
                    frame.passages.push(crossing(session, occurrence, at - back));
                }
            }));
        }
        // Partly out of order, some of them more than once, in batches of any size, with another owner now and then.
        let again: Vec<_> = (0..40).map(|_| frames[random.random_range(0..frames.len())].clone()).collect();
        frames.extend(again);
        for part in frames.chunks_mut(30) {
            part.shuffle(&mut random);
        }
        let mut offset = 0;
        while !frames.is_empty() {
            let size = random.random_range(1..12).min(frames.len());
            let batch: Vec<_> =
                (offset..).zip(frames.drain(..size)).map(|(offset, item)| Item { offset, ..item }).collect();
            offset += size as i64;
            if random.random_bool(0.1) {
                claims = take_over(&mut writer).await;
            }
            writer.write(&claims, &batch).await.unwrap();
        }
        assert_eq!(database.count("frames"), "150");
        database.assert_counts();
    }
    // The comparison finds what is wrong.
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let items = (0..90).map(|second| {
        with(watching(second, MIDNIGHT + second * SECOND, 1, &["kerb"]), |frame| {
            frame.passages.push(crossing(1, second as u32, MIDNIGHT + second * SECOND));
        })
    });
    writer.write(&claims, &items.collect::<Vec<_>>()).await.unwrap();
    database.assert_counts();
    for wrong in [
        "update watched_1m set watched_us = watched_us + 1",
        "update counts_15m set passages = passages + 1",
        "delete from counts_1m where passages = 60",
        "delete from watched_15m",
        "delete from frames where sequence in (50, 51)",
        "delete from passages where occurrence = 50",
    ] {
        let sql = include_str!("../../../../storage/tests/counts_differ.sql");
        let mut client = connect(&database.config.database, "test").await.unwrap();
        let transaction = client.transaction().await.unwrap();
        transaction.batch_execute(wrong).await.unwrap();
        assert!(!transaction.query(sql, &[]).await.unwrap().is_empty(), "{wrong}");
    }
}
