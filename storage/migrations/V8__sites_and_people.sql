-- Who uses the service, what they may do where, and what they did.
CREATE TABLE sites (
    id         text        PRIMARY KEY,
    name       text        NOT NULL,
    time_zone  text        NOT NULL,
    latitude   double precision,
    longitude  double precision,
    units      smallint    NOT NULL,
    version    bigint      NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((latitude IS NULL) = (longitude IS NULL))
);

CREATE TABLE users (
    id            text        PRIMARY KEY,
    name          text        NOT NULL,
    display_name  text        NOT NULL,
    password_hash text,
    system_admin  boolean     NOT NULL,
    disabled_at   timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now()
);

-- A name is the same in upper and lower case.
CREATE UNIQUE INDEX users_name ON users (lower(name));

CREATE TABLE memberships (
    user_id text     NOT NULL REFERENCES users ON DELETE CASCADE,
    site_id text     NOT NULL REFERENCES sites ON DELETE CASCADE,
    role    smallint NOT NULL,
    PRIMARY KEY (user_id, site_id)
);

CREATE INDEX memberships_site ON memberships (site_id);

CREATE TABLE sessions (
    token_hash bytea       PRIMARY KEY,
    id         text        NOT NULL UNIQUE,
    user_id    text        NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at    timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    address    text        NOT NULL,
    user_agent text        NOT NULL
);

CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE log_in_failures (
    subject       bytea       PRIMARY KEY,
    failures      integer     NOT NULL,
    last_at       timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL
);

CREATE INDEX log_in_failures_age ON log_in_failures (last_at);

CREATE TABLE audit_log (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    user_id    text        NOT NULL,
    action     text        NOT NULL,
    site_id    text        NOT NULL,
    object     text        NOT NULL,
    details    jsonb       NOT NULL,
    request_id text        NOT NULL
);

CREATE INDEX audit_log_site ON audit_log (site_id, id);

COMMENT ON TABLE sites IS 'One row for each site: a place with cameras, and the people who look after them.';
COMMENT ON COLUMN sites.id IS 'Made by the service; never changes.';
COMMENT ON COLUMN sites.name IS 'As people call it.';
COMMENT ON COLUMN sites.time_zone IS 'IANA name, such as `Europe/Berlin`: days and hours of counts are those of this zone.';
COMMENT ON COLUMN sites.latitude IS '[deg] WGS 84, north positive; null when not known.';
COMMENT ON COLUMN sites.longitude IS '[deg] WGS 84, east positive; null when not known.';
COMMENT ON COLUMN sites.units IS 'How speeds and lengths are shown: 1 metric, 2 imperial.';
COMMENT ON COLUMN sites.version IS 'Grows by one with each change; the ETag of the site.';
COMMENT ON COLUMN sites.created_at IS 'When the site was made.';
COMMENT ON COLUMN sites.changed_at IS 'When the site was changed last.';
COMMENT ON TABLE users IS 'One row for each person.';
COMMENT ON COLUMN users.id IS 'Made by the service; never changes.';
COMMENT ON COLUMN users.name IS 'What the person logs in with; unique without regard to upper and lower case.';
COMMENT ON COLUMN users.display_name IS 'As others see the person.';
COMMENT ON COLUMN users.password_hash IS 'Argon2id in the PHC format; null when the person cannot log in with a password.';
COMMENT ON COLUMN users.system_admin IS 'May do everything, at every site.';
COMMENT ON COLUMN users.disabled_at IS 'Since when the person may not log in; null when they may.';
COMMENT ON COLUMN users.created_at IS 'When the person was added.';
COMMENT ON TABLE memberships IS 'One row for each site that a person belongs to.';
COMMENT ON COLUMN memberships.user_id IS 'The person.';
COMMENT ON COLUMN memberships.site_id IS 'The site.';
COMMENT ON COLUMN memberships.role IS '1 viewer, 2 operator, 3 admin; each may do what the ones before may.';
COMMENT ON TABLE sessions IS 'One row for each browser that is logged in. Deleted after its end.';
COMMENT ON COLUMN sessions.token_hash IS 'SHA-256 of the token in the cookie. The token itself is stored nowhere.';
COMMENT ON COLUMN sessions.id IS 'Names the session in lists; opens nothing.';
COMMENT ON COLUMN sessions.user_id IS 'Who is logged in.';
COMMENT ON COLUMN sessions.created_at IS 'When they logged in.';
COMMENT ON COLUMN sessions.used_at IS 'The last request, to the minute. The session ends when none comes for `sessions.idle`.';
COMMENT ON COLUMN sessions.expires_at IS 'When the session ends however much it is used.';
COMMENT ON COLUMN sessions.address IS 'Where the person logged in from.';
COMMENT ON COLUMN sessions.user_agent IS 'The browser as it names itself, cut to 200 characters.';
COMMENT ON TABLE log_in_failures IS 'Failed log-ins since the last good one, for each name and each address. Deleted after a day without failures.';
COMMENT ON COLUMN log_in_failures.subject IS 'SHA-256 of the name or address that was tried, so that no password typed as a name is stored.';
COMMENT ON COLUMN log_in_failures.failures IS 'How many in a row.';
COMMENT ON COLUMN log_in_failures.last_at IS 'When the last one was.';
COMMENT ON COLUMN log_in_failures.blocked_until IS 'Until when log-ins are refused without a look at the password.';
COMMENT ON TABLE audit_log IS 'One row for each change that somebody made, in the transaction of the change.';
COMMENT ON COLUMN audit_log.id IS 'Grows with time.';
COMMENT ON COLUMN audit_log.at IS 'When the transaction of the change began, by the clock of the database.';
COMMENT ON COLUMN audit_log.user_id IS 'Who; no foreign key, because entries outlive people. Empty for the command line.';
COMMENT ON COLUMN audit_log.action IS 'What was done, such as `site.create`.';
COMMENT ON COLUMN audit_log.site_id IS 'At which site; empty for what belongs to none.';
COMMENT ON COLUMN audit_log.object IS 'The id of what was changed.';
COMMENT ON COLUMN audit_log.details IS 'What changed; never a secret.';
COMMENT ON COLUMN audit_log.request_id IS 'Of the request, as in the logs; empty for the command line.';
