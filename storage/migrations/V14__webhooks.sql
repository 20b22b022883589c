-- Addresses that are told of alerts, and what waits for them. The deliveries of one camera to one webhook are a lane: they are sent one
-- after the other, and lanes do not wait for each other.
CREATE TABLE webhooks (
    id                text        PRIMARY KEY,
    site_id           text        NOT NULL REFERENCES sites ON DELETE CASCADE,
    name              text        NOT NULL,
    url               text        NOT NULL,
    enabled           boolean     NOT NULL,
    events            text[]      NOT NULL,
    kinds             smallint[]  NOT NULL,
    severities        smallint[]  NOT NULL,
    camera_ids        text[]      NOT NULL,
    secret            text        NOT NULL,
    old_secret        text,
    old_secret_until  timestamptz,
    version           bigint      NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL DEFAULT now(),
    changed_at        timestamptz NOT NULL DEFAULT now(),
    last_delivered_at timestamptz,
    failing_since     timestamptz,
    last_error        text
);

CREATE INDEX webhooks_site ON webhooks (site_id, id);

CREATE TABLE webhook_deliveries (
    id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id      text        NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    event_id        text        NOT NULL,
    event           text        NOT NULL,
    camera_id       text        NOT NULL,
    body            text        NOT NULL,
    state           smallint    NOT NULL DEFAULT 1,
    attempts        integer     NOT NULL DEFAULT 0,
    queued_at       timestamptz NOT NULL DEFAULT now(),
    pending_since   timestamptz NOT NULL DEFAULT now(),
    last_attempt_at timestamptz,
    ended_at        timestamptz,
    status          smallint,
    error           text,
    UNIQUE (webhook_id, event_id)
);

CREATE INDEX webhook_deliveries_lane ON webhook_deliveries (webhook_id, camera_id, id) WHERE state = 1;
CREATE INDEX webhook_deliveries_list ON webhook_deliveries (webhook_id, state, id);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (pending_since) WHERE state = 1;
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE state <> 1;

CREATE TABLE webhook_lanes (
    webhook_id text        NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    camera_id  text        NOT NULL,
    due_at     timestamptz,
    claim      bigint      NOT NULL DEFAULT 0,
    failures   integer     NOT NULL DEFAULT 0,
    PRIMARY KEY (webhook_id, camera_id)
);

CREATE INDEX webhook_lanes_due ON webhook_lanes (due_at) WHERE due_at IS NOT NULL;

COMMENT ON TABLE webhooks IS 'One row for each address that is told of alerts of a site.';
COMMENT ON COLUMN webhooks.id IS 'Made by the service; never changes.';
COMMENT ON COLUMN webhooks.site_id IS 'The site whose alerts it is told of.';
COMMENT ON COLUMN webhooks.name IS 'What it is for, as people call it.';
COMMENT ON COLUMN webhooks.url IS 'Where events are posted to; has no login.';
COMMENT ON COLUMN webhooks.enabled IS 'If false, nothing is sent: events wait.';
COMMENT ON COLUMN webhooks.events IS 'Which events it is told of: `alert.raised`, `alert.ended`, `alert.acknowledged`.';
COMMENT ON COLUMN webhooks.kinds IS 'Alerts of which kinds, numbered as in `alerts.kind`.';
COMMENT ON COLUMN webhooks.severities IS 'Alerts of which severities, numbered as in `alerts.severity`; empty for all.';
COMMENT ON COLUMN webhooks.camera_ids IS 'Alerts of which cameras; empty for all of the site.';
COMMENT ON COLUMN webhooks.secret IS 'What events are signed with, encrypted with `cameras.secrets_key`.';
COMMENT ON COLUMN webhooks.old_secret IS 'The secret before the last rotation, encrypted; null if there is none.';
COMMENT ON COLUMN webhooks.old_secret_until IS 'Until when events are signed with `old_secret` too.';
COMMENT ON COLUMN webhooks.version IS 'Grows by one with each change by a person or program; the ETag of the webhook.';
COMMENT ON COLUMN webhooks.created_at IS 'When it was made.';
COMMENT ON COLUMN webhooks.changed_at IS 'When a person or program changed it last.';
COMMENT ON COLUMN webhooks.last_delivered_at IS 'When the target accepted an event last; null if never.';
COMMENT ON COLUMN webhooks.failing_since IS 'The first failed attempt since the last success; null if the last attempt succeeded.';
COMMENT ON COLUMN webhooks.last_error IS 'Why the last attempt failed; null if it succeeded.';
COMMENT ON TABLE webhook_deliveries IS 'One row for each event and webhook that is told of it. Deleted some time after it was delivered or given up.';
COMMENT ON COLUMN webhook_deliveries.id IS 'Grows in the order in which the events of a camera happened.';
COMMENT ON COLUMN webhook_deliveries.webhook_id IS 'The webhook.';
COMMENT ON COLUMN webhook_deliveries.event_id IS 'The id of the alert, a point, and what happened: `raised`, `ended`, `acknowledged`. Every attempt has the same.';
COMMENT ON COLUMN webhook_deliveries.event IS 'What happened: `alert.raised`, `alert.ended`, `alert.acknowledged`.';
COMMENT ON COLUMN webhook_deliveries.camera_id IS 'The camera of the alert; no foreign key.';
COMMENT ON COLUMN webhook_deliveries.body IS 'What is posted: JSON.';
COMMENT ON COLUMN webhook_deliveries.state IS '1 pending, 2 delivered, 3 dead.';
COMMENT ON COLUMN webhook_deliveries.attempts IS 'How often it was sent.';
COMMENT ON COLUMN webhook_deliveries.queued_at IS 'When the event was read.';
COMMENT ON COLUMN webhook_deliveries.pending_since IS 'When it was queued, or put back by a person or program: a day later it is given up.';
COMMENT ON COLUMN webhook_deliveries.last_attempt_at IS 'When it was sent last; null if never.';
COMMENT ON COLUMN webhook_deliveries.ended_at IS 'When it was delivered or given up; null while it is pending.';
COMMENT ON COLUMN webhook_deliveries.status IS 'The HTTP status of the last attempt; null if there was no answer.';
COMMENT ON COLUMN webhook_deliveries.error IS 'Why the last attempt failed, or why it was given up; null if it was delivered or not sent yet.';
COMMENT ON TABLE webhook_lanes IS 'One row for each webhook and camera that ever had a delivery: what is sent next, its oldest pending delivery, and when.';
COMMENT ON COLUMN webhook_lanes.webhook_id IS 'The webhook.';
COMMENT ON COLUMN webhook_lanes.camera_id IS 'The camera.';
COMMENT ON COLUMN webhook_lanes.due_at IS 'From when on somebody may send the oldest pending delivery; who sends it moves this past the deadline of the attempt. Null if nothing is pending.';
COMMENT ON COLUMN webhook_lanes.claim IS 'Grows with each attempt: a sender whose claim has passed to another one changes nothing.';
COMMENT ON COLUMN webhook_lanes.failures IS 'Failed attempts since the last success.';
