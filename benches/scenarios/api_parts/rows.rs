//! The rows: 200 cameras at ten sites that saw 10 million road users in a year, crossings at the site that is asked about, and a year of
//! counts of 100 lines there.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rand::Rng as _;
use rand::rngs::StdRng;
use vru_benches::note;
use vru_runtime::secret::Secret;
use vru_storage::postgres::{DatabaseConfig, Pool, migrate};

/// Where the questions are about. Its cameras are `cam-0` to `cam-19`; each of the first ten has the lines `line-0` to `line-9`.
pub const SITE: &str = "site-0";
pub const CAMERAS: i64 = 200;
pub const CAMERAS_OF_SITE: i64 = 20;
pub const LINES_OF_CAMERA: i64 = 10;
pub const SESSION: i64 = 1_735_689_600_000_000;
const TRACKS: i64 = 10_000_000;
/// A road user every 3.15 s.
const YEAR_S: i64 = 365 * 86_400;
const STEPS: i64 = 20;
const BEGIN: &str = "2025-01-01T00:00:00Z";

/// Tracks are numbered from 0; track n is of camera n mod 200, and begins n × 3.1536 s after the year. It lasts 20 s.
const TRACKS_SQL: &str = "INSERT INTO tracks (camera_id, session, track_id, first_seen, last_seen, last_sequence, source_width, \
     source_height, detections, confirmed_detections, class, class_share, vote_classes, vote_counts, mean_score, score_sum, best_score, \
     best_at, best_sequence, best_left, best_top, best_width, best_height, zone_ids, zone_first_inside, zone_last_inside, \
     zone_detections, path_at, path_x, path_y, path_errors_px, path_error_px, travelled_px, measured_px_us, measured_m_us, anchor_at, \
     anchor_x, anchor_y) SELECT 'cam-' || n % 200, SESSION, n, at, at + interval '20 s', 200, 1920, 1080, 200, 190, 1 + n / 200 % 3, 1, \
     '{1}', '{200}', 0.8, 160, 0.9, at, 0, 192, 108, 96, 540, CASE WHEN n / 200 % 7 = 0 THEN ARRAY['crossing'] ELSE '{}' END, \
     CASE WHEN n / 200 % 7 = 0 THEN ARRAY[at] ELSE '{}' END, CASE WHEN n / 200 % 7 = 0 THEN ARRAY[at] ELSE '{}' END, \
     CASE WHEN n / 200 % 7 = 0 THEN '{9}'::bigint[] ELSE '{}' END, ARRAY[at, at + interval '10 s', at + interval '20 s'], \
     '{240,600,960}', '{648,600,540}', '{0,1,1}', 1.5, 720, 20000000, 0, at, 0, 0 \
     FROM generate_series(FIRST, LAST) n, LATERAL (SELECT 'BEGIN'::timestamptz + n * interval '3153.6 ms' AS at) t";

const CROSSINGS_SQL: &str = "INSERT INTO alerts (id, camera_id, captured_at, session, sequence, rule_id, zone_id, severity, class, \
     track_ids, clock_source, emitted_at, source_width, source_height, snapshot_key, clip_key, kind, began_at, ended_at, line_id, \
     direction) SELECT 'a' || track_id, camera_id, first_seen + interval '5 s', session, 50, 'count', '', 1, class, ARRAY[track_id], 1, \
     first_seen, 1920, 1080, '', '', 3, first_seen, first_seen, 'line-' || track_id / 400 % 10, track_id / 200 % 2 + 1 \
     FROM tracks WHERE camera_id IN (SELECT id FROM cameras WHERE site_id = 'site-0') AND track_id / 200 % 2 = 0";

/// Two classes pass each line in each quarter of an hour of the day's brighter 18 hours.
const COUNTS_SQL: &str = "INSERT INTO counts_15m (camera_id, line_id, zone_id, starts_at, file_session, direction, class, passages) \
     SELECT 'cam-' || c, 'line-' || l, '', at, 0, 1 + (k + l) % 2, k, 1 + (q + c + l + k) % 9 \
     FROM generate_series(0, 9) c, generate_series(0, 9) l, generate_series(1, 2) k, generate_series(FIRST, LAST) q, \
     LATERAL (SELECT 'BEGIN'::timestamptz + q * interval '15 min' AS at) t WHERE q % 96 >= 24";

const OTHERS_SQL: &str = "INSERT INTO sites (id, name, time_zone, units) SELECT 'site-' || n, 'Site ' || n, 'Europe/Berlin', 1 \
         FROM generate_series(0, 9) n;
     INSERT INTO cameras (id, site_id, settings) SELECT 'cam-' || n, 'site-' || n / 20, '{}' FROM generate_series(0, 199) n;
     INSERT INTO watches (camera_id, id, line_ids, zone_ids, classes, max_gap_us) SELECT 'cam-' || c, 1, \
         (SELECT array_agg('line-' || l) FROM generate_series(0, 9) l), '{}', '{1,2,3}', 2000000 FROM generate_series(0, 9) c;
     INSERT INTO watched_15m (camera_id, starts_at, file_session, watch_id, watched_us) \
         SELECT 'cam-' || c, 'BEGIN'::timestamptz + q * interval '15 min', 0, 1, 900000000 \
         FROM generate_series(0, 9) c, generate_series(0, 35039) q";

/// Makes the tables and fills them.
pub async fn fill(database: &str) {
    let config = DatabaseConfig { url: Secret::new(database.to_owned()), ..DatabaseConfig::default() };
    migrate(&config, "bench").await.expect("the schema can be made");
    let pool = Pool::new(&config, "bench", 1, Duration::from_mins(1)).expect("the address is right");
    let client = pool.get().await.expect("the server runs");
    let execute = async |sql: &str| client.batch_execute(&sql.replace("BEGIN", BEGIN)).await.expect("rows are stored");
    execute("SET statement_timeout = 0; SET maintenance_work_mem = '1GB'; SET synchronous_commit = off").await;
    execute(OTHERS_SQL).await;
    // Indexes are made after the rows, which takes a third of the time; they are the same.
    let indexes = client.query(
        "SELECT indexdef, indexname FROM pg_indexes WHERE tablename = 'tracks' AND indexname NOT LIKE '%pkey'",
        &[],
    );
    let indexes: Vec<(String, String)> =
        indexes.await.expect("indexes are listed").iter().map(|row| (row.get(0), row.get(1))).collect();
    for (_, name) in &indexes {
        execute(&format!("DROP INDEX {name}")).await;
    }
    for step in 0..STEPS {
        let part = TRACKS / STEPS;
        let tracks = TRACKS_SQL.replace("SESSION", &SESSION.to_string());
        execute(&between(&tracks, step * part, (step + 1) * part - 1)).await;
        let quarters = YEAR_S / 900 / STEPS;
        execute(&between(COUNTS_SQL, step * quarters, (step + 1) * quarters - 1)).await;
        note(&format!("rows: {} of {STEPS} parts", step + 1));
    }
    for (definition, _) in &indexes {
        execute(definition).await;
    }
    execute(CROSSINGS_SQL).await;
    execute("VACUUM ANALYZE").await;
}

fn between(sql: &str, first: i64, last: i64) -> String {
    sql.replace("FIRST", &first.to_string()).replace("LAST", &last.to_string())
}

/// A time so many seconds after the begin of the rows.
pub fn at(seconds: i64) -> Timestamp {
    let begin: Timestamp = BEGIN.parse().expect("a time");
    begin + SignedDuration::from_secs(seconds)
}

/// The id of any track of the site.
pub fn track(random: &mut StdRng) -> String {
    let number = random.random_range(0..TRACKS / CAMERAS) * CAMERAS + random.random_range(0..CAMERAS_OF_SITE);
    format!("cam-{}.{SESSION}.{number}", number % CAMERAS)
}
