-- Alerts have kinds and ends, and the same tracks may raise an alert more than once. Rows from before are presence, first occurrence;
-- nobody knows when they began and ended.
ALTER TABLE alerts
    ADD COLUMN kind          smallint    NOT NULL DEFAULT 1,
    ADD COLUMN occurrence    integer     NOT NULL DEFAULT 0,
    ADD COLUMN began_at      timestamptz,
    ADD COLUMN ended_at      timestamptz,
    ADD COLUMN line_id       text        NOT NULL DEFAULT '',
    ADD COLUMN direction     smallint    NOT NULL DEFAULT 0,
    ADD COLUMN other_zone_id text        NOT NULL DEFAULT '',
    ADD COLUMN other_line_id text        NOT NULL DEFAULT '';

-- Serves the counts of a camera's lines over a range of time from the index alone.
CREATE INDEX alerts_crossings ON alerts (camera_id, captured_at, line_id, direction, class) WHERE kind = 3;

COMMENT ON TABLE alerts IS 'One row for each alert, and one for each crossing of a line. Deleted when `captured_at` and `stored_at` are older than the retention.';
COMMENT ON COLUMN alerts.id IS 'Derived from camera, session, rule, tracks and occurrence, so that the same alert has the same id when a frame is analysed again.';
COMMENT ON COLUMN alerts.zone_id IS 'Zone of the camera''s configuration; empty for a line.';
COMMENT ON COLUMN alerts.box_left IS '[px] Left edge of the road user''s box, as the model found it in the frame.';
COMMENT ON COLUMN alerts.emitted_at IS 'When inference sent the record that made the row.';
COMMENT ON COLUMN alerts.snapshot_key IS 'S3 key of the picture; empty for a line crossing.';
COMMENT ON COLUMN alerts.clip_key IS 'S3 key of the video around the alert; empty for a line crossing.';
COMMENT ON COLUMN alerts.kind IS '1 presence, 2 dwell, 3 line crossing.';
COMMENT ON COLUMN alerts.occurrence IS 'How many alerts the same tracks raised by the same rule before: 1 on the second visit.';
COMMENT ON COLUMN alerts.began_at IS 'Capture time at which the situation began; null in rows from before version 6 of the schema.';
COMMENT ON COLUMN alerts.ended_at IS 'Capture time at which the situation was seen last; null while it goes on, and when its end is unknown because the camera was removed or the row is from before version 6 of the schema. Set once.';
COMMENT ON COLUMN alerts.line_id IS 'Line of the camera''s configuration; empty for a zone.';
COMMENT ON COLUMN alerts.direction IS 'Of a line crossing: 1 in (from the left hand to the right hand of somebody who stands at the first point of the line and looks to the second), 2 out.';
COMMENT ON COLUMN alerts.other_zone_id IS 'The second zone of a rule about two; mostly empty.';
COMMENT ON COLUMN alerts.other_line_id IS 'The second line of a rule about two; mostly empty.';
