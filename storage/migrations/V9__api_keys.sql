-- Keys for programs, and versions of people.
ALTER TABLE users ADD COLUMN version bigint NOT NULL DEFAULT 1;

CREATE TABLE api_keys (
    id         text        PRIMARY KEY,
    token_hash bytea       NOT NULL UNIQUE,
    name       text        NOT NULL,
    site_id    text        REFERENCES sites ON DELETE CASCADE,
    scopes     text[]      NOT NULL,
    created_by text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);

CREATE INDEX api_keys_site ON api_keys (site_id, id);

ALTER TABLE audit_log ADD COLUMN key_id text NOT NULL DEFAULT '';

COMMENT ON COLUMN users.version IS 'Grows by one with each change; the ETag of the user.';
COMMENT ON TABLE api_keys IS 'One row for each key of a program. Deleted when the key is revoked.';
COMMENT ON COLUMN api_keys.id IS 'Names the key in lists and in the audit log; opens nothing.';
COMMENT ON COLUMN api_keys.token_hash IS 'SHA-256 of the key. The key itself is stored nowhere.';
COMMENT ON COLUMN api_keys.name IS 'What the key is for, as people call it.';
COMMENT ON COLUMN api_keys.site_id IS 'The site that it is for; null for all sites.';
COMMENT ON COLUMN api_keys.scopes IS 'What it may do, such as `sites:read`.';
COMMENT ON COLUMN api_keys.created_by IS 'The user who made it; no foreign key, because keys outlive people.';
COMMENT ON COLUMN api_keys.created_at IS 'When it was made.';
COMMENT ON COLUMN api_keys.expires_at IS 'From when on it opens nothing.';
COMMENT ON COLUMN api_keys.used_at IS 'The last request, to the minute; null before the first.';
COMMENT ON COLUMN audit_log.user_id IS 'Which person; no foreign key, because entries outlive people. Empty for an API key and for the command line.';
COMMENT ON COLUMN audit_log.key_id IS 'Which API key; empty for a person and for the command line.';
