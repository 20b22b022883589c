//! What the retention drops, and what it must not drop.

use jiff::civil::Date;

use super::super::partitions::{TABLES, database_clock};
use super::super::retention::{Dropped, Suspended, drop_old, suspended};
use super::*;

const DAY_US: i64 = 86_400_000_000;

/// Stores a frame of each of the days, and gives each day its partition.
async fn store_days(database: &Database, days_ago: impl IntoIterator<Item = i64>) {
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let mut client = connect(&database.config.database, "test").await.unwrap();
    let next = claims[&partition()].next_offset.unwrap_or(0);
    for (offset, days_ago) in (next..).zip(days_ago) {
        let time = now_us() - days_ago * DAY_US;
        writer.write(&claims, &[frame(offset, offset as u64, time)]).await.unwrap();
        for table in TABLES {
            create_partition(&mut client, table, utc(time).date()).await.unwrap();
        }
    }
}

/// A round of the retention with this host's clock; what it dropped, or why nothing.
async fn round(database: &Database, host_us: i64) -> Result<Dropped, Suspended> {
    let mut client = connect(&database.config.database, "test").await.unwrap();
    let now = database_clock(&client).await.unwrap();
    match suspended(&client, &database.config, now, host_us).await.unwrap() {
        Some(reason) => Err(reason),
        None => Ok(drop_old(&mut client, &database.config, now).await.unwrap()),
    }
}

fn oldest_day(database: &Database) -> Date {
    let rows = postgres().query(&database.url, "select min(captured_at)::date from frames");
    rows[0][0].parse().unwrap()
}

#[tokio::test]
async fn a_round_drops_the_oldest_days_and_not_more_than_its_limit() {
    let mut database = Database::migrated().await;
    database.config.retention_days_per_round = 3;
    store_days(&database, [0, 29, 31, 32, 33, 34, 35]).await;
    assert_eq!(round(&database, now_us()).await, Ok(Dropped { days: 3, ..Dropped::default() }));
    assert_eq!(oldest_day(&database), utc(now_us() - 32 * DAY_US).date());
    assert_eq!(round(&database, now_us()).await.map(|dropped| dropped.days), Ok(2));
    assert_eq!(round(&database, now_us()).await, Ok(Dropped::default()));
    assert_eq!((database.count("frames"), database.count("detections")), ("2".to_owned(), "4".to_owned()));
}

#[tokio::test]
async fn a_wrong_clock_of_the_host_or_of_the_database_drops_nothing() {
    let mut database = Database::migrated().await;
    store_days(&database, [0, 10, 40]).await;
    for wrong in [now_us() + 365 * DAY_US, now_us() - 365 * DAY_US, 0] {
        assert_eq!(round(&database, wrong).await, Err(Suspended::ClocksDiffer));
    }
    // From now on, the database's clock is a year ahead for the sink's connections.
    postgres().query(
        &database.url,
        "create function public.now() returns timestamptz language sql \
         as $$ select pg_catalog.now() + interval '365 days' $$",
    );
    let right = database.config.database.clone();
    let options = format!("{}?options=-c%20search_path%3Dpublic%2Cpg_catalog", database.url);
    database.config.database.url = Secret::new(options);
    assert_eq!(round(&database, now_us()).await, Err(Suspended::ClocksDiffer));
    // Both are a year ahead, as after a power cut without a battery: nothing that is stored is recent by such clocks.
    assert_eq!(round(&database, now_us() + 365 * DAY_US).await, Err(Suspended::NothingRecent));
    assert_eq!(database.count("frames"), "3");
    database.config.database = right;
    assert_eq!(round(&database, now_us()).await.map(|dropped| dropped.days), Ok(1));
    assert_eq!(database.count("frames"), "2");
}

#[tokio::test]
async fn after_a_month_without_frames_nothing_is_dropped_until_frames_come_or_the_operator_says_so() {
    let mut database = Database::migrated().await;
    store_days(&database, [40, 41]).await;
    // A camera whose clock is ahead does not make the rest old.
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    writer.write(&claims, &[frame(2, 2, now_us() + 3_650 * DAY_US)]).await.unwrap();
    assert_eq!(round(&database, now_us()).await, Err(Suspended::NothingRecent));
    assert_eq!(database.count("frames"), "3");
    database.config.retention_drops_all = true;
    assert_eq!(round(&database, now_us()).await.map(|dropped| dropped.days), Ok(2));
    database.config.retention_drops_all = false;
    store_days(&database, [41, 0]).await;
    assert_eq!(round(&database, now_us()).await.map(|dropped| dropped.days), Ok(1));
}

#[tokio::test]
async fn capture_times_of_wrong_clocks_make_no_partitions_and_their_rows_are_kept_from_when_they_were_stored() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let year_2000 = 946_684_800_000_000;
    let batch: Vec<_> = (0..150).map(|year| frame(year, year as u64, year_2000 + year * 365 * DAY_US)).collect();
    writer.write(&claims, &batch).await.unwrap();
    writer.write(&claims, &[frame(150, 150, now_us())]).await.unwrap();
    let partitions = "pg_inherits where inhparent = 'frames'::regclass";
    // The default partition, that of today, and at most one of the days above.
    assert!(database.count(partitions).parse::<u32>().unwrap() <= 3);
    assert_eq!(round(&database, now_us()).await, Ok(Dropped::default()));
    assert_eq!(database.count("frames"), "151");
    // Old by the time at which they were stored: two days a round, the oldest first.
    postgres().query(
        &database.url,
        "update frames_default set stored_at = now() - interval '31 days' - sequence * interval '1 day' where sequence < 5",
    );
    let frames = |frames| Ok(Dropped { frames, ..Dropped::default() });
    for expected in [2, 2, 1, 0] {
        assert_eq!(round(&database, now_us()).await, frames(expected));
    }
    assert_eq!((database.count("frames"), database.count("detections")), ("146".to_owned(), "292".to_owned()));
}

#[tokio::test]
async fn bins_outlive_what_they_count_and_go_by_their_own_retention() {
    let mut database = Database::migrated().await;
    database.config.retention = Duration::from_hours(30 * 24);
    database.config.counts_retention = Duration::from_hours(60 * 24);
    database.config.retention_days_per_round = 3;
    store_days(&database, [0]).await;
    let fill = |table: &str, columns: &str, values: &str| {
        postgres().query(
            &database.url,
            &format!(
                "insert into {table} ({columns}) select {values} from unnest(array[-400, 10, 40, 61, 62, 63, 70]) as days, \
                 lateral (select date_trunc('minute', now()) - days * interval '1 day' as at, \
                 now() - greatest(days, 100) * interval '1 day' as written) times"
            ),
        );
    };
    for table in ["counts_1m", "counts_15m"] {
        let columns = "camera_id, line_id, zone_id, starts_at, file_session, direction, class, passages, updated_at";
        fill(table, columns, "'cam', 'kerb', '', at, 0, 1, 1, 1, written");
    }
    for table in ["watched_1m", "watched_15m"] {
        fill(
            table,
            "camera_id, starts_at, file_session, watch_id, watched_us, updated_at",
            "'cam', at, 0, 1, 1, written",
        );
    }
    let passage = "camera_id, session, line_id, zone_id, track_id, occurrence, passed_at, direction, class, file_session, stored_at";
    fill("passages", passage, "'cam', 1, 'kerb', '', days + 1000, 0, at, 1, 1, 0, at");
    let newest = "camera_id, file_session, captured_at, session, sequence, watch_id, updated_at";
    fill("watched_until", newest, "'cam', days + 1000, at, 1, 1, 1, at");
    // What was written just now is not old, however old its time: a recording of last year was analysed today.
    postgres()
        .query(&database.url, "update counts_1m set updated_at = now() where starts_at < now() - interval '69 days'");
    let mut bins = Vec::new();
    for _ in 0..6 {
        bins.push(round(&database, now_us()).await.unwrap().bins);
    }
    // The day in the future goes with the first ones. 61 to 63 days fit into a round, 70 does not.
    assert_eq!(bins.iter().sum::<u64>(), 4 * 5 - 1, "{bins:?}");
    assert!(bins[0] < 4 * 5 - 1, "{bins:?}");
    let kept = |table: &str| database.count(table);
    assert_eq!(
        (kept("counts_1m"), kept("counts_15m"), kept("watched_1m"), kept("watched_15m")),
        ("3".into(), "2".into(), "2".into(), "2".into())
    );
    // Of passages and newest frames, 30 days and what lies ahead.
    assert_eq!((kept("passages"), kept("watched_until")), ("2".to_owned(), "2".to_owned()));
    database.config.counts_retention = Duration::ZERO;
    postgres().query(&database.url, "update watched_1m set updated_at = updated_at - interval '9 years', starts_at = starts_at - interval '9 years'");
    assert_eq!(round(&database, now_us()).await.unwrap().bins, 0);
}

#[tokio::test]
async fn what_people_said_about_an_alert_goes_with_it() {
    let database = Database::migrated().await;
    store_days(&database, [0]).await;
    postgres().query(
        &database.url,
        "insert into users (id, name, display_name, system_admin) values ('user', 'u', 'U', false);
         insert into alerts (id, camera_id, captured_at, session, sequence, rule_id, zone_id, severity, class, track_ids, clock_source,
             emitted_at, stored_at, source_width, source_height, snapshot_key, clip_key)
         select id, 'cam', at, 1, 1, 'r', 'z', 2, 1, '{1}', 1, at, at, 1, 1, '', ''
         from (values ('old', now() - interval '31 days'), ('young', now() - interval '29 days')) a (id, at);
         insert into alert_reviews (alert_id, state, user_id, key_id) select id, 2, 'user', '' from alerts;
         insert into alert_comments (alert_id, user_id, key_id, comment) select id, 'user', '', 'x' from alerts, generate_series(1, 3);
         insert into alert_seen (alert_id, user_id) select id, 'user' from alerts",
    );
    assert_eq!(round(&database, now_us()).await, Ok(Dropped { alerts: 1, ..Dropped::default() }));
    for (table, kept) in [("alerts", "1"), ("alert_reviews", "1"), ("alert_comments", "3"), ("alert_seen", "1")] {
        assert_eq!(database.count(table), kept, "{table}");
    }
}
