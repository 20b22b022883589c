-- Cameras as people configure them. Each change is a version that stays, and waits in `camera_outbox` until Kafka has it.
CREATE TABLE cameras (
    id         text        PRIMARY KEY,
    site_id    text        NOT NULL REFERENCES sites,
    settings   jsonb       NOT NULL,
    version    bigint      NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);

CREATE INDEX cameras_site ON cameras (site_id, id);

CREATE TABLE camera_secrets (
    camera_id text PRIMARY KEY REFERENCES cameras ON DELETE CASCADE,
    username  text NOT NULL,
    password  text NOT NULL
);

CREATE TABLE camera_versions (
    camera_id  text        NOT NULL REFERENCES cameras ON DELETE CASCADE,
    version    bigint      NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    user_id    text        NOT NULL,
    key_id     text        NOT NULL,
    settings   jsonb       NOT NULL,
    deleted    boolean     NOT NULL,
    PRIMARY KEY (camera_id, version)
);

CREATE TABLE camera_outbox (
    id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    camera_id text        NOT NULL,
    at        timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX camera_outbox_camera ON camera_outbox (camera_id);

COMMENT ON TABLE cameras IS 'One row for each camera that was added by the API, also when it was deleted.';
COMMENT ON COLUMN cameras.id IS 'Made by the service; never changes. The key of its records on Kafka.';
COMMENT ON COLUMN cameras.site_id IS 'The site that it belongs to.';
COMMENT ON COLUMN cameras.settings IS 'As the API takes and shows them; holds no secret.';
COMMENT ON COLUMN cameras.version IS 'Grows by one with each change; the ETag of the camera.';
COMMENT ON COLUMN cameras.created_at IS 'When it was added.';
COMMENT ON COLUMN cameras.changed_at IS 'When it was changed last.';
COMMENT ON COLUMN cameras.deleted_at IS 'Since when it is deleted; null while it exists.';
COMMENT ON TABLE camera_secrets IS 'One row for each camera with a login. Deleted with the camera.';
COMMENT ON COLUMN camera_secrets.camera_id IS 'The camera.';
COMMENT ON COLUMN camera_secrets.username IS 'Encrypted with `cameras.secrets_key`.';
COMMENT ON COLUMN camera_secrets.password IS 'Encrypted with `cameras.secrets_key`.';
COMMENT ON TABLE camera_versions IS 'One row for each version of a camera.';
COMMENT ON COLUMN camera_versions.camera_id IS 'The camera.';
COMMENT ON COLUMN camera_versions.version IS 'Counts from 1.';
COMMENT ON COLUMN camera_versions.at IS 'When it was made.';
COMMENT ON COLUMN camera_versions.user_id IS 'Which person made it; empty for an API key.';
COMMENT ON COLUMN camera_versions.key_id IS 'Which API key made it; empty for a person.';
COMMENT ON COLUMN camera_versions.settings IS 'The settings of this version.';
COMMENT ON COLUMN camera_versions.deleted IS 'The camera is deleted in this version.';
COMMENT ON TABLE camera_outbox IS 'One row for each change of a camera that Kafka does not have yet.';
COMMENT ON COLUMN camera_outbox.id IS 'Grows with time.';
COMMENT ON COLUMN camera_outbox.camera_id IS 'The camera, whose newest version is published.';
COMMENT ON COLUMN camera_outbox.at IS 'When the transaction of the change began.';
