-- Bins that are not what the rows of `frames` and `passages` say: table, camera, line, zone or watch, begin, file session, found, expected.
WITH ordered AS (
    SELECT f.camera_id, CASE WHEN f.delivery = 2 THEN f.session ELSE 0 END AS file_session, f.captured_at, f.session,
        f.watch_id, w.max_gap_us, w.line_ids, w.zone_ids, w.classes,
        row_number() OVER (PARTITION BY f.camera_id, CASE WHEN f.delivery = 2 THEN f.session ELSE 0 END
            ORDER BY f.captured_at, f.session, f.sequence) AS place
    FROM frames f JOIN watches w ON w.camera_id = f.camera_id AND w.id = f.watch_id),
gaps AS (
    SELECT one.camera_id, one.file_session, one.captured_at AS since, next.captured_at AS until, next.max_gap_us,
        ARRAY(SELECT unnest(one.line_ids) COLLATE "C" AS id INTERSECT SELECT unnest(next.line_ids) ORDER BY id) AS line_ids,
        ARRAY(SELECT unnest(one.zone_ids) COLLATE "C" AS id INTERSECT SELECT unnest(next.zone_ids) ORDER BY id) AS zone_ids,
        ARRAY(SELECT unnest(one.classes) AS class INTERSECT SELECT unnest(next.classes) ORDER BY class) AS classes
    FROM ordered one
    JOIN ordered next ON (next.camera_id, next.file_session, next.place) = (one.camera_id, one.file_session, one.place + 1)
    WHERE one.session = next.session AND next.captured_at > one.captured_at
        AND next.captured_at - one.captured_at <= next.max_gap_us * interval '1 microsecond'),
watched AS (
    SELECT g.camera_id, g.file_session, w.id AS watch_id, g.since, g.until FROM gaps g LEFT JOIN watches w
        ON (w.camera_id, w.line_ids, w.zone_ids, w.classes, w.max_gap_us) = (g.camera_id, g.line_ids, g.zone_ids, g.classes, g.max_gap_us)),
widths (width, watched_table, counts_table) AS (
    VALUES (interval '1 minute', 'watched_1m', 'counts_1m'), (interval '15 minutes', 'watched_15m', 'counts_15m')),
expected_watched AS (
    SELECT watched_table AS kept, camera_id, watch_id, starts_at, file_session,
        (sum(extract(epoch FROM least(until, starts_at + width) - greatest(since, starts_at))) * 1000000)::bigint AS us
    FROM watched CROSS JOIN widths
    CROSS JOIN LATERAL generate_series(date_bin(width, since, '1970-01-01 00:00+00'), until, width) AS starts_at
    GROUP BY 1, 2, 3, 4, 5),
found_watched AS (
    SELECT 'watched_1m' AS kept, camera_id, watch_id, starts_at, file_session, watched_us FROM watched_1m
    UNION ALL SELECT 'watched_15m', camera_id, watch_id, starts_at, file_session, watched_us FROM watched_15m),
expected_counts AS (
    SELECT counts_table AS kept, camera_id, line_id, zone_id, date_bin(width, passed_at, '1970-01-01 00:00+00') AS starts_at, file_session,
        direction, class, count(*) AS passages
    FROM passages CROSS JOIN widths GROUP BY 1, 2, 3, 4, 5, 6, 7, 8),
found_counts AS (
    SELECT 'counts_1m' AS kept, camera_id, line_id, zone_id, starts_at, file_session, direction, class, passages FROM counts_1m
    UNION ALL SELECT 'counts_15m', camera_id, line_id, zone_id, starts_at, file_session, direction, class, passages FROM counts_15m)
SELECT kept, camera_id, watch_id::text, starts_at, file_session, watched_us AS found, us AS expected
FROM found_watched FULL JOIN expected_watched USING (kept, camera_id, watch_id, starts_at, file_session)
WHERE coalesce(watched_us, 0) <> coalesce(us, 0)
UNION ALL
SELECT kept, camera_id, line_id || zone_id, starts_at, file_session, found.passages, expected.passages
FROM found_counts found
FULL JOIN expected_counts expected USING (kept, camera_id, line_id, zone_id, starts_at, file_session, direction, class)
WHERE found.passages IS DISTINCT FROM expected.passages
LIMIT 100
