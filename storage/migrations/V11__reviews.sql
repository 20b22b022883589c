-- What people say about alerts, in tables of their own: the sink writes `alerts`, people write these, and neither waits for the other.
-- All of it goes with its alert.
CREATE TABLE alert_reviews (
    alert_id   text        PRIMARY KEY REFERENCES alerts ON DELETE CASCADE,
    state      smallint    NOT NULL,
    reason     smallint    NOT NULL DEFAULT 0,
    note       text        NOT NULL DEFAULT '',
    version    bigint      NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT now(),
    user_id    text        NOT NULL,
    key_id     text        NOT NULL
);

CREATE TABLE alert_comments (
    id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id text        NOT NULL REFERENCES alerts ON DELETE CASCADE,
    at       timestamptz NOT NULL DEFAULT now(),
    user_id  text        NOT NULL,
    key_id   text        NOT NULL,
    comment  text        NOT NULL
);

CREATE INDEX alert_comments_alert ON alert_comments (alert_id, id);

CREATE TABLE alert_seen (
    alert_id text        NOT NULL REFERENCES alerts ON DELETE CASCADE,
    user_id  text        NOT NULL REFERENCES users ON DELETE CASCADE,
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (alert_id, user_id)
);

CREATE INDEX alert_seen_user ON alert_seen (user_id);

-- The inbox: crossings of lines, which are most of the rows, are no part of it.
CREATE INDEX alerts_inbox ON alerts (camera_id, captured_at, id) WHERE kind <> 3;
CREATE INDEX alerts_inbox_all ON alerts (captured_at, id) WHERE kind <> 3;

COMMENT ON TABLE alert_reviews IS 'One row for each alert that somebody acknowledged, dismissed or reopened; an alert without a row is new. Deleted with its alert.';
COMMENT ON COLUMN alert_reviews.alert_id IS 'The alert.';
COMMENT ON COLUMN alert_reviews.state IS '1 new (again), 2 acknowledged, 3 dismissed as false.';
COMMENT ON COLUMN alert_reviews.reason IS 'Why it was dismissed: 1 nobody there, 2 another class, 3 another place, 4 allowed, 5 a repetition, 6 a test, 7 another reason, which `note` tells. 0 unless it is dismissed.';
COMMENT ON COLUMN alert_reviews.note IS 'What the person wrote with it; may be empty.';
COMMENT ON COLUMN alert_reviews.version IS 'Counts from 1; the ETag of the review.';
COMMENT ON COLUMN alert_reviews.changed_at IS 'When it was changed last.';
COMMENT ON COLUMN alert_reviews.user_id IS 'Which person changed it last; no foreign key, because reviews outlive people. Empty for an API key.';
COMMENT ON COLUMN alert_reviews.key_id IS 'Which API key changed it last; empty for a person.';
COMMENT ON TABLE alert_comments IS 'One row for each comment on an alert. Deleted with its alert.';
COMMENT ON COLUMN alert_comments.id IS 'Grows with time.';
COMMENT ON COLUMN alert_comments.alert_id IS 'The alert.';
COMMENT ON COLUMN alert_comments.at IS 'When it was written.';
COMMENT ON COLUMN alert_comments.user_id IS 'Which person wrote it; no foreign key, because comments outlive people. Empty for an API key.';
COMMENT ON COLUMN alert_comments.key_id IS 'Which API key wrote it; empty for a person.';
COMMENT ON COLUMN alert_comments.comment IS 'What was written.';
COMMENT ON TABLE alert_seen IS 'One row for each alert that a person has seen. Deleted with the alert and with the person.';
COMMENT ON COLUMN alert_seen.alert_id IS 'The alert.';
COMMENT ON COLUMN alert_seen.user_id IS 'Who saw it.';
COMMENT ON COLUMN alert_seen.at IS 'When they saw it first.';
