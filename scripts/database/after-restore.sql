-- What a database needs that was restored to an earlier time, before anything uses it. Run it once, as its owner:
--   psql --set=ON_ERROR_STOP=1 --single-transaction --file=scripts/database/after-restore.sql
-- It does no harm to a database that was not restored, but that people have to log in again.

-- Who has logged out or was locked out since then must not be logged in again. An invitation that was used since would be open again.
DELETE FROM sessions;
DELETE FROM invitations;

-- The topic of cameras may have newer versions of them. The API publishes what is here, and removes from the topic the cameras of the API that
-- are not here.
INSERT INTO camera_outbox (camera_id) SELECT id FROM cameras;

-- A sink that still runs must ask where the database stands before it writes again.
UPDATE sink_positions SET epoch = epoch + 1000000, owner = 'restored', taken_at = now();

INSERT INTO audit_log (user_id, key_id, action, site_id, object, details, request_id) VALUES ('', '', 'database.restore', '', '', '{}', '');
