-- What people have deleted of a camera, and what they have exported, by range of time; and for how long each site keeps what.

CREATE TABLE data_jobs (
    id            text        PRIMARY KEY,
    site_id       text        NOT NULL REFERENCES sites,
    camera_id     text        NOT NULL,
    kind          text        NOT NULL,
    from_at       timestamptz NOT NULL,
    to_at         timestamptz NOT NULL,
    state         text        NOT NULL DEFAULT 'queued',
    step          text        NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL DEFAULT now(),
    changed_at    timestamptz NOT NULL DEFAULT now(),
    due_at        timestamptz DEFAULT now(),
    epoch         bigint      NOT NULL DEFAULT 0,
    held_until    timestamptz,
    counts        jsonb       NOT NULL DEFAULT '{}',
    pending       jsonb,
    checks        integer     NOT NULL DEFAULT 0,
    checked_until timestamptz,
    object_key    text,
    multipart_id  text,
    bytes         bigint,
    sha256        text,
    expires_at    timestamptz,
    problem       text
);

CREATE INDEX data_jobs_site ON data_jobs (site_id, kind, id);
CREATE INDEX data_jobs_due ON data_jobs (kind, due_at) WHERE due_at IS NOT NULL;
-- The sink asks it for every batch.
CREATE INDEX data_jobs_deleted ON data_jobs (camera_id) WHERE kind = 'deletion';

CREATE TABLE deleted_objects (
    key    text    PRIMARY KEY,
    job_id text    NOT NULL REFERENCES data_jobs ON DELETE CASCADE,
    found  boolean NOT NULL DEFAULT false
);

CREATE INDEX deleted_objects_job ON deleted_objects (job_id, key);

CREATE TABLE site_retention (
    site_id    text        PRIMARY KEY REFERENCES sites ON DELETE CASCADE,
    version    bigint      NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT now(),
    detections integer,
    tracks     integer,
    alerts     integer,
    pictures   integer,
    counts     integer,
    uploads    integer,
    audit      integer
);

CREATE TABLE leases (
    name       text        PRIMARY KEY,
    epoch      bigint      NOT NULL DEFAULT 0,
    held_until timestamptz NOT NULL
);

COMMENT ON TABLE data_jobs IS 'One row for each deletion or export of one camera''s data by range of time. Rows of deletions stay: the sink stores nothing that was captured in their ranges.';
COMMENT ON COLUMN data_jobs.id IS 'Made by the service; never changes.';
COMMENT ON COLUMN data_jobs.site_id IS 'The site of the camera when the job was made.';
COMMENT ON COLUMN data_jobs.camera_id IS 'Camera.';
COMMENT ON COLUMN data_jobs.kind IS '`deletion` or `export`.';
COMMENT ON COLUMN data_jobs.from_at IS 'The first moment of the range, of capture time.';
COMMENT ON COLUMN data_jobs.to_at IS 'The end of the range, which is not in it.';
COMMENT ON COLUMN data_jobs.state IS '`queued`, `running`, `done`, `failed`, and of exports `expired`, when the archive is removed.';
COMMENT ON COLUMN data_jobs.step IS 'What is done now: `rows`, `pictures`, `archives`; of exports, the kind of data. Empty when nothing is done.';
COMMENT ON COLUMN data_jobs.created_at IS 'When somebody asked for it.';
COMMENT ON COLUMN data_jobs.changed_at IS 'When the state changed last.';
COMMENT ON COLUMN data_jobs.due_at IS 'When there is something to do next; null: never.';
COMMENT ON COLUMN data_jobs.epoch IS 'Grows with each process that works on it. One with an earlier number can change nothing.';
COMMENT ON COLUMN data_jobs.held_until IS 'Until then nobody but the process with this epoch works on it; null: nobody does.';
COMMENT ON COLUMN data_jobs.counts IS 'What was deleted or exported so far, by kind. Changes in the transaction that deletes rows.';
COMMENT ON COLUMN data_jobs.pending IS 'The Parquet object that is being changed, and how many of its rows go; null between two.';
COMMENT ON COLUMN data_jobs.checks IS 'How often a deletion has looked again for objects that were written late.';
COMMENT ON COLUMN data_jobs.checked_until IS 'Parquet objects that were written before this time have been looked at.';
COMMENT ON COLUMN data_jobs.object_key IS 'The archive of an export, without the configured prefix; null before it is complete and after it is removed.';
COMMENT ON COLUMN data_jobs.multipart_id IS 'Id of the S3 multipart upload of the archive while it is written.';
COMMENT ON COLUMN data_jobs.bytes IS 'Size of the archive.';
COMMENT ON COLUMN data_jobs.sha256 IS 'SHA-256 of the archive, hexadecimal.';
COMMENT ON COLUMN data_jobs.expires_at IS 'When the archive is removed.';
COMMENT ON COLUMN data_jobs.problem IS 'Why it failed, or for what it waits; null if nothing is wrong.';
COMMENT ON TABLE deleted_objects IS 'One row for each snapshot and clip of a deleted alert, also of one that the sink left out. They are removed again if they are written late, until the deletion has looked for the last time; then the row goes.';
COMMENT ON COLUMN deleted_objects.key IS 'S3 key, without the configured prefix.';
COMMENT ON COLUMN deleted_objects.job_id IS 'The deletion.';
COMMENT ON COLUMN deleted_objects.found IS 'The object was there, and was removed.';
COMMENT ON TABLE site_retention IS 'One row for each site that keeps something for less time than the service. Without a row, and where a column is null, the configured retention alone counts.';
COMMENT ON COLUMN site_retention.site_id IS 'The site.';
COMMENT ON COLUMN site_retention.version IS 'Counts from 1; the ETag.';
COMMENT ON COLUMN site_retention.changed_at IS 'When it was changed last.';
COMMENT ON COLUMN site_retention.detections IS '[days] How long frames and detections are kept.';
COMMENT ON COLUMN site_retention.tracks IS '[days] How long tracks are kept.';
COMMENT ON COLUMN site_retention.alerts IS '[days] How long alerts are kept, with reviews, comments, snapshots and clips.';
COMMENT ON COLUMN site_retention.pictures IS '[days] How long snapshots and clips are kept.';
COMMENT ON COLUMN site_retention.counts IS '[days] How long bins of counts and of watched time are kept, and what they count.';
COMMENT ON COLUMN site_retention.uploads IS '[days] How long uploads are kept, with what was found in them.';
COMMENT ON COLUMN site_retention.audit IS '[days] How long entries of the audit log are kept.';
COMMENT ON TABLE leases IS 'One row for each task that one process does for all.';
COMMENT ON COLUMN leases.name IS 'The task.';
COMMENT ON COLUMN leases.epoch IS 'Grows with each process that takes the task.';
COMMENT ON COLUMN leases.held_until IS 'Until then no other process takes it.';
