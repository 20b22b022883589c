-- Webhooks whose address is an MQTT broker.
ALTER TABLE webhooks ADD COLUMN username text, ADD COLUMN password text;

COMMENT ON COLUMN webhooks.url IS 'Where events are posted to, or the MQTT broker to which they are published; has no login.';
COMMENT ON COLUMN webhooks.username IS 'At the broker, encrypted with `cameras.secrets_key`; null if it asks for no login.';
COMMENT ON COLUMN webhooks.password IS 'At the broker, encrypted; null if it asks for no login.';
