//! Lists of tracks and alerts, with 100,000 of each, of 200 cameras over ten days.

use std::time::Duration;

use tokio_postgres::types::ToSql;

use super::{check, check_days, day, explain, filled, track_lists};
use crate::alerts::{self, AlertFilter, AlertPlace};
use crate::postgres::PooledClient;
use crate::reviews::ReviewState;
use crate::search::Cameras;
use crate::tracks::{self, DetectionPlace, TrackFilter, TrackId, TrackPlace};

/// Every fifth alert is one of the inbox, and all of these but the newest of each camera are acknowledged. A track is seen for 20 s.
const ROWS: &str = "INSERT INTO sites (id, name, time_zone, units) VALUES ('site-0', 'a', 'UTC', 1), ('site-1', 'b', 'UTC', 1);
    INSERT INTO cameras (id, site_id, settings) SELECT 'cam-' || n, CASE WHEN n < 5 THEN 'site-0' ELSE 'site-1' END, '{}'
        FROM generate_series(0, 199) n;
    INSERT INTO users (id, name, display_name, system_admin) VALUES ('user', 'u', 'U', false);
    INSERT INTO tracks (camera_id, session, track_id, first_seen, last_seen, last_sequence, source_width, source_height, detections,
        confirmed_detections, class, class_share, vote_classes, vote_counts, mean_score, score_sum, best_score, best_at, best_sequence,
        best_left, best_top, best_width, best_height, zone_ids, zone_first_inside, zone_last_inside, zone_detections, path_at, path_x,
        path_y, path_errors_px, path_error_px, travelled_px, measured_px_us, measured_m_us, anchor_at, anchor_x, anchor_y)
    SELECT 'cam-' || n % 200, 1, n, at, at + interval '20 s', 1, 1920, 1080, 2, 2, 1 + n % 3, 1, '{1}', '{2}', 0.8, 1.6, 0.8, at, 1, 0, 0,
        9, 9, CASE WHEN n % 7 = 0 THEN ARRAY['crossing'] ELSE '{}' END, '{}', '{}', '{}', ARRAY[at], '{1}', '{1}', '{0}', 0, 0, 0, 0, at,
        0, 0
    FROM generate_series(0, 99999) n, LATERAL (SELECT '2026-03-01T00:00:00Z'::timestamptz + n * interval '8640 ms' AS at) t;
    INSERT INTO alerts (id, camera_id, captured_at, session, sequence, rule_id, zone_id, severity, class, track_ids, clock_source,
        emitted_at, source_width, source_height, snapshot_key, clip_key, kind, began_at, ended_at, line_id, direction)
    SELECT 'alert-' || track_id, camera_id, first_seen, session, 1, 'r', 'crossing', 2, class, ARRAY[track_id], 1, first_seen, 1920, 1080,
        '', '', CASE WHEN track_id / 200 % 5 = 0 THEN 1 ELSE 3 END, first_seen, last_seen,
        CASE WHEN track_id / 200 % 5 = 0 THEN '' ELSE 'kerb' END, track_id / 200 % 2 + 1 FROM tracks;
    INSERT INTO alert_reviews (alert_id, state, user_id, key_id) SELECT id, 2, 'user', '' FROM alerts
        WHERE kind = 1 AND captured_at < '2026-03-10T23:00:00Z';
    DO $$ BEGIN FOR n IN 0..9 LOOP
        EXECUTE format('CREATE TABLE detections_d%s PARTITION OF detections FOR VALUES FROM (%L) TO (%L)', n,
            '2026-03-01T00:00:00Z'::timestamptz + n * interval '1 day', '2026-03-02T00:00:00Z'::timestamptz + n * interval '1 day');
    END LOOP; END $$;
    INSERT INTO detections (camera_id, captured_at, session, sequence, object_index, class, score, track_id, track_state, box_left,
        box_top, box_width, box_height) SELECT camera_id, first_seen + n * interval '10 s', session, track_id * 2 + n, 0, class, 0.8,
        track_id, 2, 0, 0, 9, 9 FROM tracks, generate_series(0, 1) n;
    ANALYZE";

pub(super) fn of_site() -> Cameras {
    Cameras { site_id: Some("site-0".to_owned()), ids: Vec::new() }
}

fn of(ids: &[&str]) -> Cameras {
    Cameras { site_id: None, ids: ids.iter().map(|&id| id.to_owned()).collect() }
}

#[tokio::test]
async fn searches_read_indexes_and_only_the_days_that_are_asked_for() {
    let client = filled(ROWS).await;
    let after =
        TrackPlace { first_seen: day(5), id: TrackId { camera_id: "cam-3".to_owned(), session: 1, track_id: 50_000 } };
    let crossed = TrackFilter { line_id: Some("kerb".to_owned()), direction: Some(1), ..TrackFilter::default() };
    for (what, filter, after, index, pages) in [
        (
            "tracks of a site",
            TrackFilter { cameras: of_site(), ..TrackFilter::default() },
            None,
            "tracks_camera_first_seen",
            600,
        ),
        (
            "tracks of a site, a later page",
            TrackFilter { cameras: of_site(), ..TrackFilter::default() },
            Some(&after),
            "tracks_camera_first_seen",
            600,
        ),
        (
            "tracks of a site, by class, zone and time",
            TrackFilter {
                cameras: of_site(),
                classes: vec![1, 2],
                zone_id: Some("crossing".to_owned()),
                from: Some(day(2)),
                to: Some(day(4)),
                ..TrackFilter::default()
            },
            None,
            "tracks_camera_first_seen",
            1200,
        ),
        (
            "tracks of a site that crossed a line",
            TrackFilter { cameras: of_site(), from: Some(day(7)), ..crossed.clone() },
            None,
            "tracks_camera_first_seen",
            6000,
        ),
        // Of eight days of alerts after it, one is read.
        (
            "tracks of a site that crossed a line in a day",
            TrackFilter { cameras: of_site(), from: Some(day(1)), to: Some(day(2)), ..crossed.clone() },
            None,
            "tracks_camera_first_seen",
            2500,
        ),
        (
            "tracks of two cameras",
            TrackFilter { cameras: of(&["cam-7", "cam-8"]), ..TrackFilter::default() },
            None,
            "tracks_camera_first_seen",
            300,
        ),
        ("all tracks", TrackFilter::default(), None, "tracks_first_seen", 300),
        ("all tracks, a later page", TrackFilter::default(), Some(&after), "tracks_first_seen", 300),
        ("all tracks of a class", TrackFilter { classes: vec![2], ..TrackFilter::default() }, None, "first_seen", 600),
    ] {
        let plan = tracks::search(&filter, after).explain(&client, &tracks::LISTING, &filter.cameras, 51).await;
        check(what, &plan, index, pages);
    }
    let after = AlertPlace { captured_at: day(5), id: "alert-50000".to_owned() };
    for (what, filter, after, index, pages) in [
        (
            "the inbox of a site",
            AlertFilter { cameras: of_site(), ..AlertFilter::default() },
            None,
            "alerts_inbox ",
            3000,
        ),
        (
            "the inbox of a site, a later page",
            AlertFilter { cameras: of_site(), ..AlertFilter::default() },
            Some(&after),
            "alerts_inbox ",
            3000,
        ),
        (
            "new alerts of a site",
            AlertFilter { cameras: of_site(), states: vec![ReviewState::New], ..AlertFilter::default() },
            None,
            "alerts_inbox ",
            8000,
        ),
        (
            "unseen alerts of a site",
            AlertFilter { cameras: of_site(), seen: Some(false), ..AlertFilter::default() },
            None,
            "alerts_inbox ",
            3000,
        ),
        (
            "open alerts of a site",
            AlertFilter { cameras: of_site(), open: Some(true), ..AlertFilter::default() },
            None,
            "alerts_",
            3000,
        ),
        (
            "crossings of a site",
            AlertFilter { cameras: of_site(), kinds: vec![3], ..AlertFilter::default() },
            None,
            "alerts_c",
            3000,
        ),
        ("the inbox of all sites", AlertFilter::default(), None, "alerts_inbox_all", 2000),
        (
            "new alerts of a day",
            AlertFilter { states: vec![ReviewState::New], from: Some(day(9)), ..AlertFilter::default() },
            None,
            "alerts_inbox_all",
            20_000,
        ),
    ] {
        let plan = alerts::search("user", &filter, after).explain(&client, &alerts::LISTING, &filter.cameras, 51).await;
        check(what, &plan, index, pages);
    }
    detections_of_one_day(&client).await;
    track_lists::read_few_rows(&client).await;
}

async fn detections_of_one_day(client: &PooledClient) {
    // 50,000 * 8.64 s is midnight: the day before that of its detections is not read either.
    let (camera, session, track, limit) = ("cam-100", 1_i64, 49_900_i64, 51_i64);
    let first = day(0) + Duration::from_secs(864 * 499);
    let DetectionPlace { captured_at, sequence, object_index } =
        DetectionPlace { captured_at: first, sequence: i64::MIN, object_index: i16::MIN };
    let last = first + Duration::from_secs(20);
    let values: [&(dyn ToSql + Sync); 8] =
        [&camera, &session, &track, &captured_at, &last, &sequence, &object_index, &limit];
    let plan = explain(client, tracks::DETECTIONS, &values).await;
    check("the detections of a track", &plan, "detections_d4", 200);
    check_days("the detections of a track", &plan, "detections", 4);
}
