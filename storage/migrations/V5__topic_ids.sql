-- Offsets are valid in one topic only. A topic that is deleted and created again has another id under the same name, and its offsets
-- start anew.
ALTER TABLE sink_positions
    -- The topic's id, 32 hexadecimal digits, when the partition was taken over; `next_offset` is an offset of that topic. Empty for
    -- positions from before this column: they count as positions of another topic, and the partition is read from its beginning. Frames
    -- and alerts that have rows are recognised.
    ADD COLUMN topic_id text NOT NULL DEFAULT '';

COMMENT ON COLUMN sink_positions.topic_id IS 'Id of the topic that `next_offset` is an offset of, 32 hexadecimal digits. A topic that is deleted and created again has another id.';
COMMENT ON COLUMN sink_positions.next_offset IS 'The next record to read; null until the first batch of this topic was stored.';
