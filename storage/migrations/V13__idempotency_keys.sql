-- Requests that are sent again are answered again, and have no second effect.
CREATE TABLE idempotency_keys (
    caller         text        NOT NULL,
    key            text        NOT NULL,
    request_hash   bytea       NOT NULL,
    object         text        NOT NULL,
    made_at        timestamptz NOT NULL DEFAULT now(),
    answer_status  smallint,
    answer_headers jsonb,
    answer_body    bytea,
    PRIMARY KEY (caller, key)
);

CREATE INDEX idempotency_keys_age ON idempotency_keys (made_at);

COMMENT ON TABLE idempotency_keys IS 'One row for each request with an `Idempotency-Key` that changed something. Added in the transaction of the change; deleted after a day.';
COMMENT ON COLUMN idempotency_keys.caller IS 'The id of the person or of the API key.';
COMMENT ON COLUMN idempotency_keys.key IS 'As the client sent it.';
COMMENT ON COLUMN idempotency_keys.request_hash IS 'SHA-256 of method, path, query and body.';
COMMENT ON COLUMN idempotency_keys.object IS 'The id of what was changed.';
COMMENT ON COLUMN idempotency_keys.made_at IS 'When the transaction of the change began.';
COMMENT ON COLUMN idempotency_keys.answer_status IS 'Status of the answer; null when the answer is not kept: it holds a secret, or the service was killed before it was sent.';
COMMENT ON COLUMN idempotency_keys.answer_headers IS 'Those that the route set, by name.';
COMMENT ON COLUMN idempotency_keys.answer_body IS 'The answer as it was sent.';
