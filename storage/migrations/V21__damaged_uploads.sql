-- A file that gave frames and then broke off ends as `done`: people must see that something is missing.
ALTER TABLE uploads ADD COLUMN damage text;

COMMENT ON COLUMN uploads.damage IS 'What is missing in its frames, as ingest says it; null if nothing is known to be missing.';
