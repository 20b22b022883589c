//! Questions about counts are answered from ranges of indexes, whatever else is stored.

use std::time::{Duration, SystemTime};

use vru_runtime::secret::Secret;
use vru_runtime::test_util::postgres;
use vru_storage::counts::{Passages, Place, Span, StoredBins, counted_sql, watched_sql};
use vru_storage::postgres::{DatabaseConfig, connect, migrate};

/// 2026-01-01.
const BEGIN: u64 = 1_767_225_600;
const DAY: u64 = 86_400;
/// Days that are stored: a tenth of a year.
const DAYS: u64 = 36;
const CAMERAS: u64 = 10;

fn at(day: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(BEGIN + day * DAY)
}

/// Two lines at each camera, crossed in both directions in every quarter.
fn fill() -> String {
    format!(
        "insert into watched_15m (camera_id, starts_at, file_session, watch_id, watched_us)
         select 'cam-' || camera, to_timestamp({BEGIN}) + quarter * interval '15 minutes', 0, 1, 900000000
         from generate_series(1, {CAMERAS}) camera, generate_series(0, {DAYS} * 96 - 1) quarter;
         insert into counts_15m (camera_id, line_id, zone_id, starts_at, file_session, direction, class, passages)
         select 'cam-' || camera, 'line-' || line, '', to_timestamp({BEGIN}) + quarter * interval '15 minutes', 0, direction, 1, 1
         from generate_series(0, {DAYS} * 96 - 1) quarter, generate_series(1, {CAMERAS}) camera, generate_series(1, 2) line,
         generate_series(1, 2) direction;
         analyze"
    )
}

/// The plan as text, with what was really read.
async fn explain(
    client: &tokio_postgres::Client,
    sql: &str,
    parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
) -> String {
    let rows = client
        .query(&format!("explain (analyze, buffers, timing off) {sql}"), parameters)
        .await
        .expect("PostgreSQL answers");
    rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join("\n")
}

/// How many pages a plan touched.
fn pages(plan: &str) -> u64 {
    let buffers = plan.lines().find(|line| line.contains("Buffers:")).expect("buffers");
    let number = |name: &str| {
        let rest = buffers.split(name).nth(1).unwrap_or_default();
        rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u64>().unwrap_or(0)
    };
    number("hit=") + number("read=")
}

#[tokio::test]
async fn counts_of_a_line_are_one_range_of_an_index_however_much_is_stored() {
    let database = DatabaseConfig { url: Secret::new(postgres().database()), ..DatabaseConfig::default() };
    migrate(&database, "test").await.expect("PostgreSQL answers");
    let client = connect(&database, "test").await.expect("PostgreSQL answers");
    client.batch_execute(&fill()).await.expect("PostgreSQL answers");
    client.batch_execute("vacuum analyze counts_15m").await.expect("PostgreSQL answers");
    let days: Vec<SystemTime> = (0..=DAYS).map(at).collect();
    let one_day: Vec<SystemTime> = (0..=96).map(|quarter| at(3) + Duration::from_secs(quarter * 900)).collect();
    let place = |camera: u64, line: u64| Place {
        camera_id: format!("cam-{camera}"),
        line_id: format!("line-{line}"),
        zone_id: String::new(),
    };
    let passages = Passages { directions: &[0, 1, 2], classes: &[1, 2], by_direction: true, by_class: false };
    for (edges, lines, most_pages) in
        [(&days, vec![place(4, 1)], 400), (&one_day, (1..=CAMERAS).map(|camera| place(camera, 2)).collect(), 250)]
    {
        let span = Span { edges, stored: StoredBins::Quarters, files: false };
        let column = |id: fn(&Place) -> &String| lines.iter().map(id).collect::<Vec<_>>();
        let (cameras, line_ids, zone_ids) =
            (column(|place| &place.camera_id), column(|place| &place.line_id), column(|place| &place.zone_id));
        let (from, to) = (edges[0], edges[edges.len() - 1]);
        let plan = explain(
            &client,
            &counted_sql(span, passages),
            &[&cameras, &line_ids, &zone_ids, edges, &from, &to, &passages.directions, &passages.classes],
        )
        .await;
        assert!(plan.contains("Index Only Scan using counts_15m_pkey"), "{plan}");
        assert!(!plan.contains("Seq Scan") && pages(&plan) < most_pages, "{plan}");
        let plan = explain(&client, &watched_sql(span), &[&cameras, edges, &from, &to]).await;
        assert!(plan.contains("watched_15m_pkey") && !plan.contains("Seq Scan on watched_15m"), "{plan}");
        assert!(pages(&plan) < 2 * most_pages, "{plan}");
    }
}
