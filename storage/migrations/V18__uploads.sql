-- Video files that people upload, and what becomes of them. Each complete one is a camera of its own.
CREATE TABLE uploads (
    id            text        PRIMARY KEY,
    site_id       text        NOT NULL REFERENCES sites,
    name          text        NOT NULL,
    metadata      text        NOT NULL,
    length        bigint      NOT NULL,
    settings      jsonb       NOT NULL,
    session       bigint      NOT NULL,
    start_time    timestamptz NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    state         text        NOT NULL DEFAULT 'receiving',
    changed_at    timestamptz NOT NULL DEFAULT now(),
    object_key    text        NOT NULL,
    stored        boolean     NOT NULL DEFAULT true,
    part_bytes    bigint      NOT NULL,
    received      bigint      NOT NULL DEFAULT 0,
    multipart_id  text,
    part_tags     text[]      NOT NULL DEFAULT '{}',
    tail_key      text,
    epoch         bigint      NOT NULL DEFAULT 0,
    held_until    timestamptz,
    camera_id     text,
    frames        bigint      NOT NULL DEFAULT 0,
    frames_total  bigint,
    problem       text
);

CREATE INDEX uploads_site ON uploads (site_id, id);
CREATE INDEX uploads_work ON uploads (state, changed_at) WHERE state NOT IN ('done', 'failed', 'cancelled');
CREATE UNIQUE INDEX uploads_camera ON uploads (camera_id) WHERE camera_id IS NOT NULL;

ALTER TABLE cameras ADD COLUMN upload_id text;

COMMENT ON TABLE uploads IS 'One row for each video file that somebody uploads or has uploaded, until it is deleted.';
COMMENT ON COLUMN uploads.id IS 'Made by the service; never changes.';
COMMENT ON COLUMN uploads.site_id IS 'The site that it belongs to.';
COMMENT ON COLUMN uploads.name IS 'Of the file, or as people call it.';
COMMENT ON COLUMN uploads.metadata IS 'The header `Upload-Metadata` with which it was created.';
COMMENT ON COLUMN uploads.length IS 'Bytes of the whole file.';
COMMENT ON COLUMN uploads.settings IS 'Settings of its camera without a source, as those of `cameras`.';
COMMENT ON COLUMN uploads.session IS 'The session of its frames in `frames` and `detections`.';
COMMENT ON COLUMN uploads.start_time IS 'Capture time of its first frame.';
COMMENT ON COLUMN uploads.created_at IS 'When it was created.';
COMMENT ON COLUMN uploads.expires_at IS 'While it is received: from then on it is removed. Each `PATCH` sets it later.';
COMMENT ON COLUMN uploads.state IS '`receiving`, `checking` (all bytes are there), `queued`, `analysing`, `done`, `failed`, `cancelled`, `deleting`.';
COMMENT ON COLUMN uploads.changed_at IS 'When the state changed last.';
COMMENT ON COLUMN uploads.object_key IS 'Where the file is in the bucket when it is complete, without the configured prefix.';
COMMENT ON COLUMN uploads.stored IS 'The bucket has bytes of it: it counts for the quota of the site.';
COMMENT ON COLUMN uploads.part_bytes IS 'Every part of the object but the last has so many bytes.';
COMMENT ON COLUMN uploads.received IS 'So many bytes are in the bucket, in parts and the tail: the offset of tus.';
COMMENT ON COLUMN uploads.multipart_id IS 'Id of the S3 multipart upload; null before its first part.';
COMMENT ON COLUMN uploads.part_tags IS 'ETags of the parts, in order.';
COMMENT ON COLUMN uploads.tail_key IS 'Object with the bytes behind the last part, which are fewer than a part; null if there are none.';
COMMENT ON COLUMN uploads.epoch IS 'Grows with each process that works on it. One with an earlier number can change nothing.';
COMMENT ON COLUMN uploads.held_until IS 'Until then nobody but the process with this epoch works on it; null: nobody does.';
COMMENT ON COLUMN uploads.camera_id IS 'The camera that it became; null before.';
COMMENT ON COLUMN uploads.frames IS 'How many of its frames have been analysed and stored, as far as it was looked at.';
COMMENT ON COLUMN uploads.frames_total IS 'How many frames it has, with those that cannot be decoded; null before its end is stored.';
COMMENT ON COLUMN uploads.problem IS 'Why it failed, or for what its analysis waits; null if nothing is wrong.';
COMMENT ON COLUMN cameras.upload_id IS 'The upload that the camera shows; null for a camera.';
