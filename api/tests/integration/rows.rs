//! Rows as the sink writes them.

use super::api::Api;

pub const SESSION: i64 = 1_700_000_000_000_000;
/// When the first of the rows is captured.
pub const BEGIN: &str = "2026-03-01T12:00:00Z";

impl Api {
    pub fn add_camera(&self, site: &str, id: &str) {
        self.execute(&format!("INSERT INTO cameras (id, site_id, settings) VALUES ('{id}', '{site}', '{{}}')"));
    }

    /// A confirmed pedestrian who is seen for 10 s from so many seconds after [`BEGIN`], with a detection each second. `changes` are
    /// those of an UPDATE. Returns the id.
    pub fn add_track(&self, camera: &str, track: i64, second: i64, changes: &str) -> String {
        let changes = if changes.is_empty() { "session = session" } else { changes };
        self.execute(&format!(
            "INSERT INTO tracks (camera_id, session, track_id, first_seen, last_seen, last_sequence, source_width, source_height, \
             detections, confirmed_detections, class, class_share, vote_classes, vote_counts, mean_score, score_sum, best_score, \
             best_at, best_sequence, best_left, best_top, best_width, best_height, zone_ids, zone_first_inside, zone_last_inside, \
             zone_detections, path_at, path_x, path_y, path_errors_px, path_error_px, travelled_px, measured_px_us, measured_m_us, \
             anchor_at, anchor_x, anchor_y) SELECT '{camera}', {SESSION}, {track}, at, at + interval '10 s', 10, 1920, 1080, 11, 9, 1, \
             1, '{{1}}', '{{11}}', 0.8, 8.8, 0.9, at, 0, 192, 108, 96, 540, '{{}}', '{{}}', '{{}}', '{{}}', \
             ARRAY[at, at + interval '10 s'], '{{240,960}}', '{{648,540}}', '{{0,1}}', 1.5, 720, 10000000, 0, at, 0, 0 \
             FROM (SELECT '{BEGIN}'::timestamptz + {second} * interval '1 s' AS at) t; \
             INSERT INTO detections (camera_id, captured_at, session, sequence, object_index, class, score, track_id, track_state, \
             box_left, box_top, box_width, box_height, zone_ids) SELECT camera_id, first_seen + n * interval '1 s', session, \
             {second} + n, {track} % 100, 1, 0.8, track_id, CASE WHEN n < 2 THEN 1 ELSE 2 END, 192 + 96 * n, 108, 96, 540, \
             CASE WHEN n = 5 THEN ARRAY['crossing'] END FROM tracks, generate_series(0, 10) n \
             WHERE camera_id = '{camera}' AND track_id = {track}; \
             UPDATE tracks SET {changes} WHERE camera_id = '{camera}' AND track_id = {track}"
        ));
        format!("{camera}.{SESSION}.{track}")
    }

    /// An alert of the kind presence that goes on, about track 1, so many seconds after [`BEGIN`].
    pub fn add_alert(&self, camera: &str, id: &str, second: i64, changes: &str) {
        let changes = if changes.is_empty() { "id = id" } else { changes };
        self.execute(&format!(
            "INSERT INTO alerts (id, camera_id, captured_at, session, sequence, rule_id, zone_id, severity, class, track_ids, box_left, \
             box_top, box_width, box_height, clock_source, emitted_at, source_width, source_height, snapshot_key, clip_key, kind, \
             began_at) SELECT '{id}', '{camera}', at, {SESSION}, {second}, 'somebody-there', 'crossing', 2, 1, '{{1}}', 192, 108, 96, \
             540, 1, at, 1920, 1080, 'snapshots/{id}.jpg', 'clips/{id}.mp4', 1, at \
             FROM (SELECT '{BEGIN}'::timestamptz + {second} * interval '1 s' AS at) t; \
             UPDATE alerts SET {changes} WHERE id = '{id}'"
        ));
    }

    pub fn add_crossing(&self, camera: &str, id: &str, second: i64, track: i64, line: &str, direction: i16) {
        let changes = format!(
            "kind = 3, rule_id = 'count', zone_id = '', line_id = '{line}', direction = {direction}, track_ids = '{{{track}}}', \
             snapshot_key = '', clip_key = '', ended_at = began_at"
        );
        self.add_alert(camera, id, second, &changes);
    }
}
