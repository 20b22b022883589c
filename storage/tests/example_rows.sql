-- A pedestrian who crossed at `cam-north` ten minutes ago, for the example queries of docs/schema.md.
INSERT INTO frames (camera_id, captured_at, session, sequence, clock_source, ingested_at, inferred_at, source_width, source_height,
    model_name, model_version, object_count, delivery, end_of_stream, queued_us, decode_us, preprocess_us, inference_us,
    postprocess_us, track_us)
SELECT 'cam-north', at, 1700000000000000, n, 1, at, at + interval '80 ms', 1920, 1080, 'nanodet-g', '1', 1, 1, false, 100, 900, 500,
    20000, 100, 50
FROM generate_series(0, 100) n, LATERAL (SELECT now() - interval '10 min' + n * interval '100 ms' AS at) t;

INSERT INTO detections (camera_id, captured_at, session, sequence, object_index, class, score, track_id, track_state, box_left,
    box_top, box_width, box_height, zone_ids, snapshot_key)
SELECT camera_id, captured_at, session, sequence, 0, 1, 0.8, 4097, 2, 400 + 4 * sequence, 300, 40, 100,
    CASE WHEN sequence BETWEEN 20 AND 70 THEN ARRAY['crossing'] END, CASE sequence WHEN 22 THEN 'snapshots/a.jpg' END
FROM frames;

INSERT INTO tracks (camera_id, session, track_id, first_seen, last_seen, last_sequence, source_width, source_height, detections,
    confirmed_detections, class, class_share, vote_classes, vote_counts, mean_score, score_sum, best_score, best_at, best_sequence,
    best_left, best_top, best_width, best_height, snapshot_key, snapshot_score, zone_ids, zone_first_inside, zone_last_inside,
    zone_detections, path_at, path_x, path_y, path_errors_px, path_error_px, travelled_px, measured_px_us, mean_speed_px_s,
    top_speed_px_s, measured_m_us, anchor_at, anchor_x, anchor_y)
SELECT camera_id, session, 4097, min(captured_at), max(captured_at), 100, 1920, 1080, 101, 98, 1, 1, '{1}', '{101}', 0.8, 80.8, 0.8,
    min(captured_at), 0, 400, 300, 40, 100, 'snapshots/a.jpg', 0.8, '{crossing}', ARRAY[min(captured_at) + interval '2 s'],
    ARRAY[min(captured_at) + interval '7 s'], '{51}', ARRAY[min(captured_at), max(captured_at)], '{420,820}', '{400,400}', '{0,0}', 0,
    400, 10000000, 40, 40, 0, max(captured_at), 820, 400
FROM frames GROUP BY camera_id, session;

INSERT INTO alerts (id, camera_id, captured_at, session, sequence, rule_id, zone_id, severity, class, track_ids, clock_source,
    emitted_at, source_width, source_height, snapshot_key, clip_key)
SELECT 'a', camera_id, captured_at, session, sequence, 'somebody-there', 'crossing', 2, 1, '{4097}', 1, inferred_at, 1920, 1080,
    'snapshots/a.jpg', 'clips/a.mp4'
FROM frames WHERE sequence = 22;

INSERT INTO alerts (id, camera_id, captured_at, session, sequence, rule_id, zone_id, severity, class, track_ids, clock_source,
    emitted_at, source_width, source_height, snapshot_key, clip_key, kind, began_at, ended_at, line_id, direction)
SELECT 'b', camera_id, captured_at, session, sequence, 'steps-out', '', 1, 1, '{4097}'::bigint[], 1, inferred_at, 1920, 1080,
    '', '', 3, captured_at, captured_at, 'kerb', 1
FROM frames WHERE sequence = 20
UNION ALL
SELECT 'c', camera_id, captured_at, session, sequence, 'lingers', 'crossing', 2, 1, '{4097}'::bigint[], 1, inferred_at, 1920, 1080,
    'snapshots/c.jpg', 'clips/c.mp4', 2, captured_at - interval '3 s', captured_at + interval '2 s', '', 0
FROM frames WHERE sequence = 50;

INSERT INTO alert_reviews (alert_id, state, reason, user_id, key_id) VALUES ('c', 3, 1, 'user_1', '');

INSERT INTO sink_positions (cluster_id, consumer, topic, kafka_partition, epoch, next_offset, owner)
VALUES ('cluster', 'vru-sink-postgres', 'vru.detections', 0, 1, 101, 'host:1');

INSERT INTO watches (camera_id, id, line_ids, zone_ids, classes, max_gap_us) VALUES ('cam-north', 1, '{kerb}', '{crossing}', '{1,2,3}', 2000000);
INSERT INTO watched_15m (camera_id, starts_at, file_session, watch_id, watched_us) VALUES ('cam-north', date_bin('15 minutes', now(), '2000-01-01 00:00+00'), 0, 1, 60000000);
INSERT INTO counts_15m (camera_id, line_id, zone_id, starts_at, file_session, direction, class, passages)
VALUES ('cam-north', 'kerb', '', date_bin('15 minutes', now(), '2000-01-01 00:00+00'), 0, 1, 1, 3);
