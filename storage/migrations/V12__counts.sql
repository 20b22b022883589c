-- What was counted, and when somebody looked. Nothing here is partitioned: the key of a passage must be its identity alone, and the rows of
-- bins are few, are found by the line or zone they are about, and are deleted in small steps.

-- What a camera was watched for. Frames name it, so that a line that was added at noon has no zeros before noon.
CREATE TABLE watches (
    camera_id  text        NOT NULL,
    id         bigint      NOT NULL,
    line_ids   text[]      NOT NULL,
    zone_ids   text[]      NOT NULL,
    classes    smallint[]  NOT NULL,
    max_gap_us integer     NOT NULL,
    stored_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (camera_id, id)
);

ALTER TABLE frames ADD COLUMN watch_id bigint;

-- One row for each thing that was counted.
CREATE TABLE passages (
    camera_id    text        NOT NULL,
    session      bigint      NOT NULL,
    line_id      text        NOT NULL,
    zone_id      text        NOT NULL,
    track_id     bigint      NOT NULL,
    occurrence   integer     NOT NULL,
    passed_at    timestamptz NOT NULL,
    direction    smallint    NOT NULL,
    class        smallint    NOT NULL,
    file_session bigint      NOT NULL,
    stored_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (camera_id, session, line_id, zone_id, track_id, occurrence)
);

CREATE INDEX passages_passed_at ON passages (passed_at);

-- Bins of a minute and of a quarter of an hour. Days of every time zone, and hours, are whole quarters. The number is in the index, so that
-- bins of a long range are read without a look at the table.
CREATE TABLE counts_1m (
    camera_id    text        NOT NULL,
    line_id      text        NOT NULL,
    zone_id      text        NOT NULL,
    starts_at    timestamptz NOT NULL,
    file_session bigint      NOT NULL,
    direction    smallint    NOT NULL,
    class        smallint    NOT NULL,
    passages     bigint      NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (camera_id, line_id, zone_id, starts_at, file_session, direction, class) INCLUDE (passages)
);

CREATE INDEX counts_1m_starts_at ON counts_1m (starts_at);

CREATE TABLE counts_15m (
    camera_id    text        NOT NULL,
    line_id      text        NOT NULL,
    zone_id      text        NOT NULL,
    starts_at    timestamptz NOT NULL,
    file_session bigint      NOT NULL,
    direction    smallint    NOT NULL,
    class        smallint    NOT NULL,
    passages     bigint      NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (camera_id, line_id, zone_id, starts_at, file_session, direction, class) INCLUDE (passages)
);

CREATE INDEX counts_15m_starts_at ON counts_15m (starts_at);

-- How long each camera was watched. The rows of now change with almost every batch; with free space in their page they change in place.
CREATE TABLE watched_1m (
    camera_id    text        NOT NULL,
    starts_at    timestamptz NOT NULL,
    file_session bigint      NOT NULL,
    watch_id     bigint      NOT NULL,
    watched_us   bigint      NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (camera_id, starts_at, file_session, watch_id)
) WITH (fillfactor = 70);

CREATE INDEX watched_1m_starts_at ON watched_1m (starts_at);

CREATE TABLE watched_15m (
    camera_id    text        NOT NULL,
    starts_at    timestamptz NOT NULL,
    file_session bigint      NOT NULL,
    watch_id     bigint      NOT NULL,
    watched_us   bigint      NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (camera_id, starts_at, file_session, watch_id)
) WITH (fillfactor = 70);

CREATE INDEX watched_15m_starts_at ON watched_15m (starts_at);

-- The newest frame of each camera, from which the time until the next one is measured.
CREATE TABLE watched_until (
    camera_id    text        NOT NULL,
    file_session bigint      NOT NULL,
    captured_at  timestamptz NOT NULL,
    session      bigint      NOT NULL,
    sequence     bigint      NOT NULL,
    watch_id     bigint      NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (camera_id, file_session)
) WITH (fillfactor = 50);

COMMENT ON TABLE watches IS 'One row for each set of lines, zones and classes that a camera was watched for. Kept forever: there is a new one only when the configuration or the model changes.';
COMMENT ON COLUMN watches.camera_id IS 'Camera.';
COMMENT ON COLUMN watches.id IS 'Derived from the other columns.';
COMMENT ON COLUMN watches.line_ids IS 'Lines at which crossings were counted, sorted.';
COMMENT ON COLUMN watches.zone_ids IS 'Zones in which visits were counted, sorted.';
COMMENT ON COLUMN watches.classes IS 'Classes that the model could find, numbered as `detections.class`.';
COMMENT ON COLUMN watches.max_gap_us IS '[µs] How far two analysed frames may be apart so that the time between them was watched: the tracker''s `max_lost_seconds`.';
COMMENT ON COLUMN watches.stored_at IS 'When it was seen first.';
COMMENT ON COLUMN frames.watch_id IS 'What the frame was watched for, in `watches`; null in rows from before version 12 of the schema, and if the frame has no picture.';
COMMENT ON TABLE passages IS 'One row for each crossing of a line and each visit of a zone by a confirmed track, whether or not a rule names the line or zone. Deleted when `passed_at` and `stored_at` are older than the retention; the bins stay.';
COMMENT ON COLUMN passages.camera_id IS 'Camera.';
COMMENT ON COLUMN passages.session IS 'Session of the track.';
COMMENT ON COLUMN passages.line_id IS 'Line that was crossed; empty for a zone.';
COMMENT ON COLUMN passages.zone_id IS 'Zone that was visited; empty for a line.';
COMMENT ON COLUMN passages.track_id IS 'Track, as in `tracks`.';
COMMENT ON COLUMN passages.occurrence IS 'How many crossings or visits of the same track were counted there before.';
COMMENT ON COLUMN passages.passed_at IS 'Capture time of the crossing, or of the first moment inside the zone.';
COMMENT ON COLUMN passages.direction IS 'As `alerts.direction`; 0 for a zone.';
COMMENT ON COLUMN passages.class IS 'Class of the track at that time, numbered as `detections.class`.';
COMMENT ON COLUMN passages.file_session IS 'The session of a video file; 0 for live video, whose sessions are counted together.';
COMMENT ON COLUMN passages.stored_at IS 'Begin of the transaction that stored the row.';
COMMENT ON TABLE counts_1m IS 'The number of `passages`, in bins of one minute. A bin without a row is zero if `watched_1m` says that somebody looked, and unknown if not. Deleted when `starts_at` and `updated_at` are older than `postgres.counts_retention`.';
COMMENT ON COLUMN counts_1m.camera_id IS 'Camera.';
COMMENT ON COLUMN counts_1m.line_id IS 'Line; empty for a zone.';
COMMENT ON COLUMN counts_1m.zone_id IS 'Zone; empty for a line.';
COMMENT ON COLUMN counts_1m.starts_at IS 'Begin of the bin.';
COMMENT ON COLUMN counts_1m.file_session IS 'As `passages.file_session`.';
COMMENT ON COLUMN counts_1m.direction IS 'As `passages.direction`.';
COMMENT ON COLUMN counts_1m.class IS 'As `passages.class`.';
COMMENT ON COLUMN counts_1m.passages IS 'How many. Changes in the transaction that stores the rows of `passages`.';
COMMENT ON COLUMN counts_1m.updated_at IS 'Begin of the transaction that changed the row last.';
COMMENT ON TABLE counts_15m IS 'As `counts_1m`, in bins of 15 minutes.';
COMMENT ON COLUMN counts_15m.camera_id IS 'Camera.';
COMMENT ON COLUMN counts_15m.line_id IS 'Line; empty for a zone.';
COMMENT ON COLUMN counts_15m.zone_id IS 'Zone; empty for a line.';
COMMENT ON COLUMN counts_15m.starts_at IS 'Begin of the bin.';
COMMENT ON COLUMN counts_15m.file_session IS 'As `passages.file_session`.';
COMMENT ON COLUMN counts_15m.direction IS 'As `passages.direction`.';
COMMENT ON COLUMN counts_15m.class IS 'As `passages.class`.';
COMMENT ON COLUMN counts_15m.passages IS 'As `counts_1m.passages`.';
COMMENT ON COLUMN counts_15m.updated_at IS 'Begin of the transaction that changed the row last.';
COMMENT ON TABLE watched_1m IS 'How much of each minute a camera was watched: the times between two stored frames that follow each other, are of the same session and not further apart than `watches.max_gap_us`. A line or zone was watched for the sum over the watches that name it. Deleted as `counts_1m`.';
COMMENT ON COLUMN watched_1m.camera_id IS 'Camera.';
COMMENT ON COLUMN watched_1m.starts_at IS 'Begin of the bin.';
COMMENT ON COLUMN watched_1m.file_session IS 'As `passages.file_session`.';
COMMENT ON COLUMN watched_1m.watch_id IS 'What it was watched for, in `watches`: what both frames have in common.';
COMMENT ON COLUMN watched_1m.watched_us IS '[µs] How long. Changes in the transaction that stores the frames.';
COMMENT ON COLUMN watched_1m.updated_at IS 'Begin of the transaction that changed the row last.';
COMMENT ON TABLE watched_15m IS 'As `watched_1m`, in bins of 15 minutes.';
COMMENT ON COLUMN watched_15m.camera_id IS 'Camera.';
COMMENT ON COLUMN watched_15m.starts_at IS 'Begin of the bin.';
COMMENT ON COLUMN watched_15m.file_session IS 'As `passages.file_session`.';
COMMENT ON COLUMN watched_15m.watch_id IS 'As `watched_1m.watch_id`.';
COMMENT ON COLUMN watched_15m.watched_us IS '[µs] How long.';
COMMENT ON COLUMN watched_15m.updated_at IS 'Begin of the transaction that changed the row last.';
COMMENT ON TABLE watched_until IS 'One row for each camera with live video, and for each session of a file: its newest frame that was watched. Deleted when `updated_at` is older than the retention.';
COMMENT ON COLUMN watched_until.camera_id IS 'Camera.';
COMMENT ON COLUMN watched_until.file_session IS 'As `passages.file_session`.';
COMMENT ON COLUMN watched_until.captured_at IS 'Capture time of the frame.';
COMMENT ON COLUMN watched_until.session IS 'Session of the frame.';
COMMENT ON COLUMN watched_until.sequence IS 'Sequence number of the frame.';
COMMENT ON COLUMN watched_until.watch_id IS 'What it was watched for.';
COMMENT ON COLUMN watched_until.updated_at IS 'Begin of the transaction that changed the row last.';
