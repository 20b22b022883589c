-- Every difference between `tracks` and what the rows of `detections` and `frames` say, computed without the code of the sink.
-- No row: every track is exact. For tests; it compares each detection with all others of its track.
WITH RECURSIVE
seen AS MATERIALIZED (
    SELECT d.*,
        (box_left::float8 + box_width::float8 / 2)::real AS foot_x,
        (box_top::float8 + box_height::float8)::real AS foot_y,
        row_number() OVER (PARTITION BY camera_id, session, track_id ORDER BY captured_at, sequence, object_index) AS place
    FROM detections d WHERE track_id IS NOT NULL
),
plain AS (
    SELECT camera_id, session, track_id,
        min(captured_at) AS first_seen, max(captured_at) AS last_seen,
        (array_agg(sequence ORDER BY place DESC))[1] AS last_sequence,
        count(*) AS detections, count(*) FILTER (WHERE track_state = 2) AS confirmed_detections,
        avg(score::float8) AS mean_score, max(score) AS best_score,
        (array_agg(captured_at ORDER BY score DESC, place))[1] AS best_at,
        (array_agg(sequence ORDER BY score DESC, place))[1] AS best_sequence,
        (array_agg(ARRAY[box_left, box_top, box_width, box_height] ORDER BY score DESC, place))[1:1] AS best_box,
        (array_agg(snapshot_key ORDER BY score DESC, place) FILTER (WHERE snapshot_key IS NOT NULL))[1] AS snapshot_key,
        max(score) FILTER (WHERE snapshot_key IS NOT NULL) AS snapshot_score
    FROM seen GROUP BY camera_id, session, track_id
),
votes AS (
    SELECT camera_id, session, track_id, array_agg(class ORDER BY class) AS vote_classes,
        array_agg(votes ORDER BY class) AS vote_counts, (array_agg(class ORDER BY votes DESC, class))[1] AS class,
        max(votes)::float8 / sum(votes)::float8 AS class_share
    FROM (SELECT camera_id, session, track_id, class, count(*) AS votes FROM seen
        GROUP BY camera_id, session, track_id, class) counted
    GROUP BY camera_id, session, track_id
),
zones AS (
    SELECT camera_id, session, track_id, array_agg(zone ORDER BY zone COLLATE "C") AS zone_ids,
        array_agg(first_inside ORDER BY zone COLLATE "C") AS zone_first_inside,
        array_agg(last_inside ORDER BY zone COLLATE "C") AS zone_last_inside,
        array_agg(inside ORDER BY zone COLLATE "C") AS zone_detections
    FROM (SELECT camera_id, session, track_id, zone, min(captured_at) AS first_inside, max(captured_at) AS last_inside,
            count(*) AS inside
        FROM seen, unnest(zone_ids) AS zone GROUP BY camera_id, session, track_id, zone) stays
    GROUP BY camera_id, session, track_id
),
-- Motion: from a position to the first one that is at least a second later.
steps AS (
    SELECT camera_id, session, track_id, place, captured_at, foot_x, foot_y, ground_x_m, ground_y_m,
        NULL::float8 AS length_px, NULL::float8 AS length_m, NULL::float8 AS seconds
    FROM seen WHERE place = 1
    UNION ALL
    SELECT n.camera_id, n.session, n.track_id, n.place, n.captured_at, n.foot_x, n.foot_y, n.ground_x_m, n.ground_y_m,
        sqrt((n.foot_x::float8 - s.foot_x) ^ 2 + (n.foot_y::float8 - s.foot_y) ^ 2),
        sqrt((n.ground_x_m - s.ground_x_m) ^ 2 + (n.ground_y_m - s.ground_y_m) ^ 2),
        extract(epoch FROM n.captured_at - s.captured_at)::float8
    FROM steps s CROSS JOIN LATERAL (
        SELECT * FROM seen WHERE (seen.camera_id, seen.session, seen.track_id) = (s.camera_id, s.session, s.track_id)
            AND seen.captured_at >= s.captured_at + interval '1 second' AND seen.place > s.place
        ORDER BY seen.place LIMIT 1) n
),
motion AS (
    SELECT camera_id, session, track_id, coalesce(sum(length_px), 0) AS travelled_px,
        sum(length_px) / sum(seconds) AS mean_speed_px_s, max(length_px / seconds) AS top_speed_px_s,
        sum(length_m) AS travelled_m, sum(length_m) / sum(seconds) FILTER (WHERE length_m IS NOT NULL) AS mean_speed_m_s,
        max(length_m / seconds) AS top_speed_m_s
    FROM steps GROUP BY camera_id, session, track_id
),
pieces AS (
    SELECT camera_id, session, track_id, at AS from_at, x AS from_x, y AS from_y,
        coalesce(lead(at) OVER track, at) AS to_at, coalesce(lead(x) OVER track, x) AS to_x,
        coalesce(lead(y) OVER track, y) AS to_y
    FROM tracks, unnest(path_at, path_x, path_y) WITH ORDINALITY AS point (at, x, y, number)
    WINDOW track AS (PARTITION BY camera_id, session, track_id ORDER BY number)
),
-- How far each detection is from the place where the path is at the same time.
deviations AS (
    SELECT camera_id, session, track_id, place, min(sqrt(
        (s.foot_x::float8 - (p.from_x::float8 + (p.to_x::float8 - p.from_x) * share)) ^ 2
        + (s.foot_y::float8 - (p.from_y::float8 + (p.to_y::float8 - p.from_y) * share)) ^ 2)) AS deviation
    FROM seen s JOIN pieces p USING (camera_id, session, track_id)
    CROSS JOIN LATERAL (SELECT CASE WHEN p.to_at > p.from_at
        THEN (extract(epoch FROM s.captured_at - p.from_at) / extract(epoch FROM p.to_at - p.from_at))::float8
        ELSE 0 END AS share) shares
    WHERE s.captured_at BETWEEN p.from_at AND p.to_at
    GROUP BY camera_id, session, track_id, place
),
paths AS (
    SELECT camera_id, session, track_id, max(deviation) AS deviation, count(*) AS positions
    FROM deviations GROUP BY camera_id, session, track_id
),
corners AS (
    SELECT camera_id, session, track_id, count(DISTINCT (p.from_at, p.from_x, p.from_y)) AS corners
    FROM pieces p JOIN seen s USING (camera_id, session, track_id)
    WHERE s.captured_at = p.from_at AND s.foot_x = p.from_x AND s.foot_y = p.from_y
    GROUP BY camera_id, session, track_id
)
SELECT coalesce(t.camera_id, e.camera_id), coalesce(t.session, e.session), coalesce(t.track_id, e.track_id), v.name, v.found, v.expected
FROM tracks t
FULL JOIN plain e USING (camera_id, session, track_id)
LEFT JOIN votes USING (camera_id, session, track_id)
LEFT JOIN zones z USING (camera_id, session, track_id)
LEFT JOIN motion m USING (camera_id, session, track_id)
LEFT JOIN paths p USING (camera_id, session, track_id)
LEFT JOIN corners c USING (camera_id, session, track_id)
LEFT JOIN frames f ON f.camera_id = e.camera_id AND f.captured_at = e.last_seen AND f.session = e.session AND f.sequence = e.last_sequence
CROSS JOIN LATERAL (VALUES
    ('first_seen', t.first_seen::text, e.first_seen::text),
    ('last_seen', t.last_seen::text, e.last_seen::text),
    ('last_sequence', t.last_sequence::text, e.last_sequence::text),
    ('picture', t.source_width || 'x' || t.source_height, f.source_width || 'x' || f.source_height),
    ('detections', t.detections::text, e.detections::text),
    ('confirmed_detections', t.confirmed_detections::text, e.confirmed_detections::text),
    ('class', t.class::text, votes.class::text),
    ('class_share', coalesce(abs(t.class_share - votes.class_share) < 1e-6, t.class_share IS NULL AND votes.class_share IS NULL)::text, 'true'),
    ('vote_classes', t.vote_classes::text, votes.vote_classes::text),
    ('vote_counts', t.vote_counts::text, votes.vote_counts::text),
    ('mean_score', coalesce(abs(t.mean_score - e.mean_score) < 1e-6, t.mean_score IS NULL AND e.mean_score IS NULL)::text, 'true'),
    ('score_sum', (abs(t.score_sum - e.mean_score * e.detections) < 1e-4)::text, 'true'),
    ('best_score', t.best_score::text, e.best_score::text),
    ('best_at', t.best_at::text, e.best_at::text),
    ('best_sequence', t.best_sequence::text, e.best_sequence::text),
    ('best_box', ARRAY[[t.best_left, t.best_top, t.best_width, t.best_height]]::text, e.best_box::text),
    ('snapshot_key', t.snapshot_key, e.snapshot_key),
    ('snapshot_score', t.snapshot_score::text, e.snapshot_score::text),
    ('zone_ids', t.zone_ids::text, coalesce(z.zone_ids, '{}')::text),
    ('zone_first_inside', t.zone_first_inside::text, coalesce(z.zone_first_inside, '{}')::text),
    ('zone_last_inside', t.zone_last_inside::text, coalesce(z.zone_last_inside, '{}')::text),
    ('zone_detections', t.zone_detections::text, coalesce(z.zone_detections, '{}')::text),
    ('travelled_px', coalesce(abs(t.travelled_px - m.travelled_px) < 1e-6, t.travelled_px IS NULL AND m.travelled_px IS NULL)::text, 'true'),
    ('mean_speed_px_s', coalesce(abs(t.mean_speed_px_s - m.mean_speed_px_s) < 1e-6, t.mean_speed_px_s IS NULL AND m.mean_speed_px_s IS NULL)::text, 'true'),
    ('top_speed_px_s', coalesce(abs(t.top_speed_px_s - m.top_speed_px_s) < 1e-6, t.top_speed_px_s IS NULL AND m.top_speed_px_s IS NULL)::text, 'true'),
    ('travelled_m', coalesce(abs(t.travelled_m - m.travelled_m) < 1e-6, t.travelled_m IS NULL AND m.travelled_m IS NULL)::text, 'true'),
    ('mean_speed_m_s', coalesce(abs(t.mean_speed_m_s - m.mean_speed_m_s) < 1e-6, t.mean_speed_m_s IS NULL AND m.mean_speed_m_s IS NULL)::text, 'true'),
    ('top_speed_m_s', coalesce(abs(t.top_speed_m_s - m.top_speed_m_s) < 1e-6, t.top_speed_m_s IS NULL AND m.top_speed_m_s IS NULL)::text, 'true'),
    ('points of the path', (cardinality(t.path_at) BETWEEN 1 AND 32)::text, 'true'),
    ('ends of the path', t.path_at[1] || ' to ' || t.path_at[cardinality(t.path_at)], e.first_seen || ' to ' || e.last_seen),
    ('points that are detections', c.corners::text, cardinality(t.path_at)::text),
    ('detections on the path', p.positions::text, e.detections::text),
    ('path_error_px', (p.deviation <= t.path_error_px + 0.01)::text, 'true')
) AS v (name, found, expected)
WHERE v.found IS DISTINCT FROM v.expected
ORDER BY 1, 2, 3, 4
