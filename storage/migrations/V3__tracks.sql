-- What the judge of zones and the alerts say about a detection. Inference knows it when it publishes the frame.
ALTER TABLE detections ADD COLUMN zone_ids text[], ADD COLUMN snapshot_key text;

-- The detections of one track. Without the capture time, a track has one key, and a leaf page stores it once for many rows.
CREATE INDEX detections_track ON detections (camera_id, session, track_id) WHERE track_id IS NOT NULL;

-- One row for each track: what its rows in `detections` say, taken together. The row changes in the transaction that adds
-- detections, so it never differs from them.
--
-- Not partitioned: the key must be the track's identity alone, and neither the session nor the id tells a day. Retention deletes
-- old rows.
CREATE TABLE tracks (
    camera_id            text             NOT NULL,
    session              bigint           NOT NULL,
    track_id             bigint           NOT NULL,
    first_seen           timestamptz      NOT NULL,
    last_seen            timestamptz      NOT NULL,
    last_sequence        bigint           NOT NULL,
    source_width         integer          NOT NULL,
    source_height        integer          NOT NULL,
    detections           bigint           NOT NULL,
    confirmed_detections bigint           NOT NULL,
    class                smallint         NOT NULL,
    class_share          real             NOT NULL,
    vote_classes         smallint[]       NOT NULL,
    vote_counts          bigint[]         NOT NULL,
    mean_score           real             NOT NULL,
    score_sum            double precision NOT NULL,
    best_score           real             NOT NULL,
    best_at              timestamptz      NOT NULL,
    best_sequence        bigint           NOT NULL,
    best_left            real             NOT NULL,
    best_top             real             NOT NULL,
    best_width           real             NOT NULL,
    best_height          real             NOT NULL,
    snapshot_key         text,
    snapshot_score       real,
    zone_ids             text[]           NOT NULL,
    zone_first_inside    timestamptz[]    NOT NULL,
    zone_last_inside     timestamptz[]    NOT NULL,
    zone_detections      bigint[]         NOT NULL,
    path_at              timestamptz[]    NOT NULL,
    path_x               real[]           NOT NULL,
    path_y               real[]           NOT NULL,
    path_errors_px       real[]           NOT NULL,
    path_error_px        real             NOT NULL,
    travelled_px         double precision NOT NULL,
    measured_px_us       bigint           NOT NULL,
    mean_speed_px_s      double precision,
    top_speed_px_s       double precision,
    travelled_m          double precision,
    measured_m_us        bigint           NOT NULL,
    mean_speed_m_s       double precision,
    top_speed_m_s        double precision,
    anchor_at            timestamptz      NOT NULL,
    anchor_x             real             NOT NULL,
    anchor_y             real             NOT NULL,
    anchor_ground_x_m    double precision,
    anchor_ground_y_m    double precision,
    stored_at            timestamptz      NOT NULL DEFAULT now(),
    updated_at           timestamptz      NOT NULL DEFAULT now(),
    PRIMARY KEY (camera_id, session, track_id)
-- A live track's row changes with almost every batch. No index contains a column that then changes, so with free space in its
-- page the row changes in place (a heap-only tuple): nothing to do for the indexes, nothing left for VACUUM.
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

CREATE INDEX tracks_camera_first_seen ON tracks (camera_id, first_seen);
CREATE INDEX tracks_class_first_seen ON tracks (class, first_seen);
-- "All cameras, a range of time", and retention.
CREATE INDEX tracks_first_seen ON tracks (first_seen);

COMMENT ON COLUMN detections.zone_ids IS 'Zones of the camera that contain the foot point, as inference judged it; null if there is none.';
COMMENT ON COLUMN detections.snapshot_key IS 'S3 key of the snapshot of an alert that was raised for this object in this frame; usually null.';

COMMENT ON TABLE tracks IS 'One row for each track: what its rows in `detections` say, taken together. Changes in the transaction that adds detections. A track ends without notice: `last_seen` no longer changes. Deleted when `last_seen` is before the days that are kept and `updated_at` is older than the retention.';
COMMENT ON COLUMN tracks.camera_id IS 'Camera.';
COMMENT ON COLUMN tracks.session IS 'Session of the camera, as in `frames`.';
COMMENT ON COLUMN tracks.track_id IS 'Unique within the session.';
COMMENT ON COLUMN tracks.first_seen IS 'Capture time of the first detection.';
COMMENT ON COLUMN tracks.last_seen IS 'Capture time of the last detection so far.';
COMMENT ON COLUMN tracks.last_sequence IS 'Sequence number of the frame of the last detection.';
COMMENT ON COLUMN tracks.source_width IS '[px] Width of the camera''s own picture in that frame.';
COMMENT ON COLUMN tracks.source_height IS '[px] Height of the camera''s own picture in that frame.';
COMMENT ON COLUMN tracks.detections IS 'Number of detections.';
COMMENT ON COLUMN tracks.confirmed_detections IS 'Number of detections in which the tracker was sure of the track. 0: perhaps a false detection.';
COMMENT ON COLUMN tracks.class IS 'The class with most votes, numbered as `detections.class`. Of several, the smallest number.';
COMMENT ON COLUMN tracks.class_share IS '[0 to 1] Share of the votes that the class has.';
COMMENT ON COLUMN tracks.vote_classes IS 'The classes that the detections had, ascending.';
COMMENT ON COLUMN tracks.vote_counts IS 'Votes of each of `vote_classes`. Each detection has one vote, whatever its score.';
COMMENT ON COLUMN tracks.mean_score IS '[0 to 1] Mean score of the detections.';
COMMENT ON COLUMN tracks.score_sum IS 'Sum of the scores, from which the mean is continued.';
COMMENT ON COLUMN tracks.best_score IS '[0 to 1] Highest score, of the *best* detection; the earliest of several.';
COMMENT ON COLUMN tracks.best_at IS 'Capture time of the best detection.';
COMMENT ON COLUMN tracks.best_sequence IS 'Sequence number of the frame of the best detection.';
COMMENT ON COLUMN tracks.best_left IS '[px] Left edge of the best detection''s box.';
COMMENT ON COLUMN tracks.best_top IS '[px] Top edge of the best detection''s box.';
COMMENT ON COLUMN tracks.best_width IS '[px] Width of the best detection''s box.';
COMMENT ON COLUMN tracks.best_height IS '[px] Height of the best detection''s box.';
COMMENT ON COLUMN tracks.snapshot_key IS 'S3 key of the track''s best snapshot: of the alert in whose frame the track had the highest score. Null if no alert has a snapshot.';
COMMENT ON COLUMN tracks.snapshot_score IS '[0 to 1] Score of the detection in that frame.';
COMMENT ON COLUMN tracks.zone_ids IS 'Zones in which the track was, in the order of their bytes; at most 256.';
COMMENT ON COLUMN tracks.zone_first_inside IS 'For each of `zone_ids`: capture time of the first detection inside.';
COMMENT ON COLUMN tracks.zone_last_inside IS 'For each of `zone_ids`: capture time of the last detection inside. The track may have left in between.';
COMMENT ON COLUMN tracks.zone_detections IS 'For each of `zone_ids`: number of detections inside.';
COMMENT ON COLUMN tracks.path_at IS 'Capture times of the points of the path: 1 to 32 detections, among them the first and the last.';
COMMENT ON COLUMN tracks.path_x IS '[px] For each of `path_at`: x of the foot point, the middle of the box''s bottom edge.';
COMMENT ON COLUMN tracks.path_y IS '[px] For each of `path_at`: y of the foot point.';
COMMENT ON COLUMN tracks.path_errors_px IS '[px] For each of `path_at`: error bound of the piece that ends there.';
COMMENT ON COLUMN tracks.path_error_px IS '[px] Error bound of the path: the foot point of no detection is farther from the place that linear interpolation between the points gives for its capture time.';
COMMENT ON COLUMN tracks.travelled_px IS '[px] Sum of all *steps*. A step goes from a position to the first one at least 1 s later, because boxes shake from frame to frame.';
COMMENT ON COLUMN tracks.measured_px_us IS '[µs] Duration of all steps.';
COMMENT ON COLUMN tracks.mean_speed_px_s IS '[px/s] Mean speed of all steps; null before the first one.';
COMMENT ON COLUMN tracks.top_speed_px_s IS '[px/s] Speed of the fastest step; null before the first one.';
COMMENT ON COLUMN tracks.travelled_m IS '[m] As `travelled_px`, on the ground plane. Null unless the detections have ground positions, which needs a calibrated camera.';
COMMENT ON COLUMN tracks.measured_m_us IS '[µs] Duration of the steps with ground positions.';
COMMENT ON COLUMN tracks.mean_speed_m_s IS '[m/s] Mean speed of these steps; null as `travelled_m`.';
COMMENT ON COLUMN tracks.top_speed_m_s IS '[m/s] Speed of the fastest of these steps; null as `travelled_m`.';
COMMENT ON COLUMN tracks.anchor_at IS 'Where the next step begins: capture time.';
COMMENT ON COLUMN tracks.anchor_x IS '[px] Where the next step begins: x of the foot point.';
COMMENT ON COLUMN tracks.anchor_y IS '[px] Where the next step begins: y of the foot point.';
COMMENT ON COLUMN tracks.anchor_ground_x_m IS '[m] Where the next step begins: x on the ground plane, if known.';
COMMENT ON COLUMN tracks.anchor_ground_y_m IS '[m] Where the next step begins: y on the ground plane, if known.';
COMMENT ON COLUMN tracks.stored_at IS 'When the row was made.';
COMMENT ON COLUMN tracks.updated_at IS 'When the row last changed.';
