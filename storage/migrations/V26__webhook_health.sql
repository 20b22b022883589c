-- A webhook fails while events of any of its cameras fail.
COMMENT ON COLUMN webhooks.failing_since IS 'The first failed attempt since events of all cameras were accepted; null if none fails.';
COMMENT ON COLUMN webhooks.last_error IS 'Why the last attempt that failed did; null if none fails.';
