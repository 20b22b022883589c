-- Programs that get short-lived tokens, and the keys that sign these.
CREATE TABLE oauth_clients (
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

CREATE INDEX oauth_clients_site ON oauth_clients (site_id, id);

CREATE TABLE signing_keys (
    kid        text        PRIMARY KEY,
    public     jsonb       NOT NULL,
    sealed     text        NOT NULL,
    made_at    timestamptz NOT NULL DEFAULT now(),
    signs_from timestamptz NOT NULL
);

CREATE INDEX signing_keys_order ON signing_keys (signs_from);

COMMENT ON TABLE oauth_clients IS 'One row for each program that gets tokens with client credentials. Deleted when the client is revoked.';
COMMENT ON COLUMN oauth_clients.id IS 'The `client_id`; opens nothing alone. It names the client in the audit log, too.';
COMMENT ON COLUMN oauth_clients.token_hash IS 'SHA-256 of the `client_secret`. The secret itself is stored nowhere.';
COMMENT ON COLUMN oauth_clients.name IS 'What the client is for, as people call it.';
COMMENT ON COLUMN oauth_clients.site_id IS 'The site that it is for; null for all sites.';
COMMENT ON COLUMN oauth_clients.scopes IS 'What its tokens may do at most, such as `sites:read`.';
COMMENT ON COLUMN oauth_clients.created_by IS 'The user who made it; no foreign key, because clients outlive people.';
COMMENT ON COLUMN oauth_clients.created_at IS 'When it was made.';
COMMENT ON COLUMN oauth_clients.expires_at IS 'From when on it gets no token, and its tokens open nothing in the API.';
COMMENT ON COLUMN oauth_clients.used_at IS 'The last token or request, to the minute; null before the first.';
COMMENT ON TABLE signing_keys IS 'One row for each key that signs tokens, will sign, or has signed some that may be valid yet. The one with the latest `signs_from` that has passed signs.';
COMMENT ON COLUMN signing_keys.kid IS 'As tokens and the key set name it: the SHA-256 thumbprint of RFC 7638.';
COMMENT ON COLUMN signing_keys.public IS 'The public key as a JSON Web Key. Published as long as the row exists.';
COMMENT ON COLUMN signing_keys.sealed IS 'The private key, encrypted with `cameras.secrets_key`.';
COMMENT ON COLUMN signing_keys.made_at IS 'Since when it is published.';
COMMENT ON COLUMN signing_keys.signs_from IS 'From when on it signs, until that of the next key.';
COMMENT ON COLUMN audit_log.key_id IS 'Which API key or client; empty for a person and for the command line.';
