-- Cameras that somebody tries before they are watched, or because they are not seen. Rows are deleted after an hour.
CREATE TABLE camera_tests (
    id          text        PRIMARY KEY,
    site_id     text        NOT NULL REFERENCES sites ON DELETE CASCADE,
    camera_id   text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    ends_at     timestamptz NOT NULL,
    started_at  timestamptz,
    host        text,
    finished_at timestamptz,
    seen        jsonb,
    snapshot    bytea,
    reason      text,
    phase       text,
    error       text
);

CREATE INDEX camera_tests_site ON camera_tests (site_id, ends_at) WHERE finished_at IS NULL;
CREATE INDEX camera_tests_age ON camera_tests (created_at);

COMMENT ON TABLE camera_tests IS 'One row for each camera that was tried for somebody. Deleted after an hour.';
COMMENT ON COLUMN camera_tests.id IS 'Made by the service; the key of its records on the topics `camera-tests` and `camera-test-reports`.';
COMMENT ON COLUMN camera_tests.site_id IS 'The site of whoever asked.';
COMMENT ON COLUMN camera_tests.camera_id IS 'The camera of the site; null for settings that are not saved.';
COMMENT ON COLUMN camera_tests.created_at IS 'When it was asked for.';
COMMENT ON COLUMN camera_tests.ends_at IS 'From then on it has failed, if nothing was reported until then; later reports change nothing.';
COMMENT ON COLUMN camera_tests.started_at IS 'When ingest began to try it; null before.';
COMMENT ON COLUMN camera_tests.host IS 'The host of ingest that tries it; null before.';
COMMENT ON COLUMN camera_tests.finished_at IS 'When it was reported what came of it; null before.';
COMMENT ON COLUMN camera_tests.seen IS 'What the camera sends, as the API shows it; null if the test failed or has not finished.';
COMMENT ON COLUMN camera_tests.snapshot IS 'A picture of the camera: a JPEG of at most 512 KiB; null like `seen`.';
COMMENT ON COLUMN camera_tests.reason IS 'Why the test failed, for programs; null if it did not.';
COMMENT ON COLUMN camera_tests.phase IS 'How far the failed connection came; null if the test did not fail.';
COMMENT ON COLUMN camera_tests.error IS 'Why the test failed, for people; null if it did not.';
