-- Pictures of tested cameras are blurred by inference before anybody sees them, unless it is said that they need not be.
ALTER TABLE camera_tests ADD COLUMN unblurred boolean NOT NULL DEFAULT false;
ALTER TABLE camera_tests ADD COLUMN snapshot_problem text;

COMMENT ON COLUMN camera_tests.unblurred IS 'The picture may be shown as the camera sends it. False: only a picture that inference has blurred is stored.';
COMMENT ON COLUMN camera_tests.snapshot_problem IS 'Why there is no picture although the camera was seen, for people; null if there is one, or none was due.';
COMMENT ON COLUMN camera_tests.id IS 'Made by the service; the key of its records on the topics `camera-tests`, `camera-test-pictures` and `camera-test-reports`.';
COMMENT ON COLUMN camera_tests.snapshot IS 'A picture of the camera: a JPEG of at most 512 KiB; null if there is none.';
COMMENT ON COLUMN camera_tests.seen IS 'What the camera sends, as the API shows it; null if the test failed or has not seen it yet. While `finished_at` is null, the picture is with inference.';
