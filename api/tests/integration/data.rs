//! Two cameras with 40 minutes of everything, in rows and in objects, for deletions and exports.

use std::process::Command;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use vru_api::ApiConfig;
use vru_runtime::test_util::{eventually, require_asset};
use vru_storage::s3::Bucket;

use super::api::{Answer, Api, ApiClient};
use super::bucket::ApiWithBucket;

pub const DEADLINE: Duration = Duration::from_mins(2);
/// The range of the tests, which is no whole quarter of an hour.
pub const FROM: &str = "2026-03-01T12:10:00Z";
pub const TO: &str = "2026-03-01T12:26:00Z";
/// What [`fill`] stores of each camera in the range.
pub const FRAMES: i64 = 960;
pub const DETECTIONS: i64 = 960;
pub const TRACKS: i64 = 16;
pub const ALERTS: i64 = 8;
pub const PASSAGES: i64 = 48;
pub const BINS: i64 = 16;

pub struct Data {
    pub api: Api,
    pub admin: ApiClient,
    pub site: String,
    pub bucket: Bucket,
}

impl Data {
    pub async fn start(change: impl FnOnce(&mut ApiConfig)) -> Self {
        let with_bucket = ApiWithBucket::start(|api| {
            api.s3.enabled = true;
            api.data_jobs.enabled = true;
            api.data_jobs.look_after = Duration::from_secs(1);
            change(api);
        })
        .await;
        let ApiWithBucket { api, admin, site, bucket } = with_bucket;
        Self { api, admin, site, bucket }
    }

    /// A camera with 40 minutes from 12:00 on: a frame each second, and a detection in it; a track, 3 passages and a bin each minute; an
    /// alert with review, comment, mark, snapshot and clip each second minute.
    pub async fn fill(&self, camera: &str) {
        self.api.add_camera(&self.site, camera);
        self.api.execute(&format!(
            "INSERT INTO frames SELECT '{camera}', '2026-03-01 12:00+00'::timestamptz + n * interval '1 s', 1, n, 1, now(), now(), now(), \
             1920, 1080, 'model', '1', 1, 1, false, 0, 0, 0, 0, 0, 0 FROM generate_series(0, 2399) n;
             INSERT INTO detections (camera_id, captured_at, session, sequence, object_index, class, score, track_id, track_state, box_left, \
             box_top, box_width, box_height) SELECT camera_id, captured_at, session, sequence, 0, 1, 0.5, sequence / 60, 2, 1, 1, 1, 1 \
             FROM frames WHERE camera_id = '{camera}';
             INSERT INTO passages SELECT '{camera}', 1, 'kerb', '', n, 0, '2026-03-01 12:00+00'::timestamptz + n * interval '20 s', 1, 1, 0 \
             FROM generate_series(0, 119) n;
             INSERT INTO counts_1m SELECT camera_id, line_id, zone_id, date_bin('1 min', passed_at, '2000-01-01 00:00+00'), 0, direction, class, \
             count(*) FROM passages WHERE camera_id = '{camera}' GROUP BY 1, 2, 3, 4, 5, 6, 7;
             INSERT INTO watched_1m SELECT camera_id, starts_at, 0, 7, 60000000 FROM counts_1m WHERE camera_id = '{camera}';
             INSERT INTO counts_15m SELECT camera_id, line_id, zone_id, date_bin('15 min', starts_at, '2000-01-01 00:00+00'), 0, direction, \
             class, sum(passages) FROM counts_1m WHERE camera_id = '{camera}' GROUP BY 1, 2, 3, 4, 5, 6, 7;
             INSERT INTO watched_15m SELECT camera_id, date_bin('15 min', starts_at, '2000-01-01 00:00+00'), 0, watch_id, sum(watched_us) \
             FROM watched_1m WHERE camera_id = '{camera}' GROUP BY 1, 2, 3, 4"
        ));
        self.api.execute(&format!(
            "INSERT INTO tracks (camera_id, session, track_id, first_seen, last_seen, last_sequence, source_width, source_height, \
             detections, confirmed_detections, class, class_share, vote_classes, vote_counts, mean_score, score_sum, best_score, \
             best_at, best_sequence, best_left, best_top, best_width, best_height, zone_ids, zone_first_inside, zone_last_inside, \
             zone_detections, path_at, path_x, path_y, path_errors_px, path_error_px, travelled_px, measured_px_us, measured_m_us, \
             anchor_at, anchor_x, anchor_y) SELECT '{camera}', 1, n, at, at + interval '10 s', 10, 1920, 1080, 11, 9, 1, \
             1, '{{1}}', '{{11}}', 0.8, 8.8, 0.9, at, 0, 192, 108, 96, 540, '{{}}', '{{}}', '{{}}', '{{}}', \
             ARRAY[at, at + interval '10 s'], '{{240,960}}', '{{648,540}}', '{{0,1}}', 1.5, 720, 10000000, 0, at, 0, 0 \
             FROM (SELECT n, '2026-03-01 12:00:20+00'::timestamptz + n * interval '1 min' AS at FROM generate_series(0, 39) n) t;
             INSERT INTO alerts (id, camera_id, captured_at, session, sequence, rule_id, zone_id, severity, class, track_ids, \
             clock_source, emitted_at, source_width, source_height, snapshot_key, clip_key, kind, began_at) \
             SELECT id, '{camera}', at, 1, n * 60, 'somebody-there', 'crossing', 2, 1, ARRAY[n], 1, at, 1920, 1080, \
             'snapshots/' || id || '.jpg', 'clips/' || id || '.mp4', 1, at FROM (SELECT n, '{camera}-' || to_char(n, 'FM00') AS id, \
             '2026-03-01 12:00+00'::timestamptz + n * interval '1 min' AS at FROM generate_series(0, 38, 2) n) t;
             INSERT INTO alert_reviews SELECT id, 2, 0, 'seen by ada', 1, now(), 'ada', '' FROM alerts WHERE camera_id = '{camera}';
             INSERT INTO alert_comments (alert_id, at, user_id, key_id, comment) SELECT id, now(), 'ada', '', 'a comment' \
             FROM alerts WHERE camera_id = '{camera}';
             INSERT INTO alert_seen SELECT a.id, u.id, now() FROM alerts a, (SELECT id FROM users LIMIT 1) u WHERE camera_id = '{camera}'"
        ));
        for minute in (0..40).step_by(2) {
            let id = format!("{camera}-{minute:02}");
            for (key, media_type) in
                [(format!("snapshots/{id}.jpg"), "image/jpeg"), (format!("clips/{id}.mp4"), "video/mp4")]
            {
                let body = format!("picture of {id}").into();
                self.bucket.put(&key, media_type, body, 1 << 20).await.expect("it is stored");
            }
        }
    }

    pub async fn start_job(&self, camera: &str, kind: &str) -> String {
        let path = format!("/api/v1/sites/{}/cameras/{camera}/{kind}", self.site);
        let answer = self.admin.post(&path, &json!({ "from": FROM, "to": TO })).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        answer.header("location").to_owned()
    }

    pub async fn reaches(&self, path: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Answer {
        eventually(DEADLINE, what, async || {
            let answer = self.admin.get(path).await;
            if wanted(&answer.body) { Ok(()) } else { Err(format!("{answer:?}")) }
        })
        .await;
        self.admin.get(path).await
    }

    pub async fn done(&self, path: &str) -> Answer {
        self.reaches(path, "the job is done", |body| body["state"] == "done").await
    }

    /// Whether each of the alerts' pictures is there: alert, snapshot, clip.
    pub async fn pictures(&self, camera: &str) -> Vec<(i64, bool, bool)> {
        let mut found = Vec::new();
        for minute in (0..40).step_by(2) {
            let id = format!("{camera}-{minute:02}");
            let there = async |key: String| self.bucket.stamp(&key).await.expect("an answer").is_some();
            found.push((minute, there(format!("snapshots/{id}.jpg")).await, there(format!("clips/{id}.mp4")).await));
        }
        found
    }
}

/// What Python prints, with pyarrow and DuckDB at hand.
pub fn python(script: &str, arguments: &[&str]) -> String {
    let python = require_asset("venv/bin/python");
    let output = Command::new(python).args(["-c", script]).args(arguments).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
