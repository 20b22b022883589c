-- What the pipeline found. Frames and detections are partitioned by capture time, one day (UTC) a partition, so that retention
-- drops whole tables. Capture times that no day is kept for (a clip of 2015, a camera whose clock runs ahead) go to the default
-- partition, so that no capture time can make an insert fail or create a table of its own.
--
-- Enumerated columns hold the numbers of the protobuf enums of package vru.v1; they never change their meaning.

-- One row for each analysed frame, also when nothing was found in it.
CREATE TABLE frames (
    camera_id      text        NOT NULL,
    captured_at    timestamptz NOT NULL,
    session        bigint      NOT NULL,
    sequence       bigint      NOT NULL,
    clock_source   smallint    NOT NULL,
    ingested_at    timestamptz NOT NULL,
    inferred_at    timestamptz NOT NULL,
    stored_at      timestamptz NOT NULL DEFAULT now(),
    source_width   integer     NOT NULL,
    source_height  integer     NOT NULL,
    model_name     text        NOT NULL,
    model_version  text        NOT NULL,
    object_count   integer     NOT NULL,
    delivery       smallint    NOT NULL,
    end_of_stream  boolean     NOT NULL,
    queued_us      integer     NOT NULL,
    decode_us      integer     NOT NULL,
    preprocess_us  integer     NOT NULL,
    inference_us   integer     NOT NULL,
    postprocess_us integer     NOT NULL,
    track_us       integer     NOT NULL,
    -- The identity of the frame and, because of the partitions, its capture time, which the identity determines. In this
    -- order the key also serves "one camera, a range of time".
    PRIMARY KEY (camera_id, captured_at, session, sequence)
) PARTITION BY RANGE (captured_at);

CREATE TABLE frames_default PARTITION OF frames DEFAULT;

-- One row for each object of a frame.
CREATE TABLE detections (
    camera_id     text             NOT NULL,
    captured_at   timestamptz      NOT NULL,
    session       bigint           NOT NULL,
    sequence      bigint           NOT NULL,
    -- Position in the frame's list of objects.
    object_index  smallint         NOT NULL,
    class         smallint         NOT NULL,
    score         real             NOT NULL,
    -- Null when the object has no track.
    track_id      bigint,
    track_state   smallint         NOT NULL,
    -- Pixels of the camera's own picture.
    box_left      real             NOT NULL,
    box_top       real             NOT NULL,
    box_width     real             NOT NULL,
    box_height    real             NOT NULL,
    -- Metres on the ground plane; null when the camera is not calibrated.
    ground_x_m    double precision,
    ground_y_m    double precision,
    PRIMARY KEY (camera_id, captured_at, session, sequence, object_index)
) PARTITION BY RANGE (captured_at);

CREATE TABLE detections_default PARTITION OF detections DEFAULT;

-- Rows arrive nearly in order of time: a BRIN index serves "all cameras, a range of time" for next to nothing.
CREATE INDEX frames_captured_at ON frames USING brin (captured_at);
CREATE INDEX detections_captured_at ON detections USING brin (captured_at);

-- Not partitioned: alerts are few, and the key must be the alert's identity alone, because a frame that is judged again may
-- raise the same alert at another moment. Retention deletes old rows.
CREATE TABLE alerts (
    id            text             PRIMARY KEY,
    camera_id     text             NOT NULL,
    captured_at   timestamptz      NOT NULL,
    session       bigint           NOT NULL,
    sequence      bigint           NOT NULL,
    rule_id       text             NOT NULL,
    zone_id       text             NOT NULL,
    severity      smallint         NOT NULL,
    class         smallint         NOT NULL,
    track_ids     bigint[]         NOT NULL,
    box_left      real,
    box_top       real,
    box_width     real,
    box_height    real,
    ground_x_m    double precision,
    ground_y_m    double precision,
    clock_source  smallint         NOT NULL,
    emitted_at    timestamptz      NOT NULL,
    stored_at     timestamptz      NOT NULL DEFAULT now(),
    source_width  integer          NOT NULL,
    source_height integer          NOT NULL,
    snapshot_key  text             NOT NULL,
    clip_key      text             NOT NULL
);

CREATE INDEX alerts_captured_at ON alerts (captured_at);
CREATE INDEX alerts_camera_captured_at ON alerts (camera_id, captured_at);
