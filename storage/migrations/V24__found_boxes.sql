-- Rules judge by the box that the model found, not by the smoothed one. Whoever judges stored frames again needs it.
ALTER TABLE detections ADD COLUMN found_left real;
ALTER TABLE detections ADD COLUMN found_top real;
ALTER TABLE detections ADD COLUMN found_width real;
ALTER TABLE detections ADD COLUMN found_height real;

COMMENT ON COLUMN detections.found_left IS '[px] Left edge of the box that the model found, by which rules judge; null in rows of older versions.';
COMMENT ON COLUMN detections.found_top IS '[px] Its upper edge.';
COMMENT ON COLUMN detections.found_width IS '[px] Its width.';
COMMENT ON COLUMN detections.found_height IS '[px] Its height.';
