-- Every alert ends, and says why. Alerts about two zones or lines were foreseen, but no rule has ever made one.
ALTER TABLE alerts
    ADD COLUMN end_reason smallint NOT NULL DEFAULT 0,
    DROP COLUMN other_zone_id,
    DROP COLUMN other_line_id;

-- Serves the search for alerts that go on.
CREATE INDEX alerts_open ON alerts (camera_id) WHERE ended_at IS NULL;

COMMENT ON COLUMN alerts.ended_at IS 'Capture time at which the situation was seen last; null while it goes on, and in rows from before version 6 of the schema. Set once.';
COMMENT ON COLUMN alerts.end_reason IS 'Why it is over: 1 the road user left, 2 its track was lost, 3 the rule or its zone was changed or removed, 4 the camera was removed or disabled, 5 the camera sent no frames, 6 the camera connected again, 7 the video file ended, 8 `vru up` was stopped while it went on. 0 while it goes on, for a line crossing, and in rows from before version 7 of the schema.';
