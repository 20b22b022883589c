-- How far an upload is can be told as a share before its end.
ALTER TABLE uploads ADD COLUMN frames_estimate bigint;

COMMENT ON COLUMN uploads.frames_estimate IS 'How many frames the container of the file announces, by its length and rate; null if it does not tell.';
