//! Names that every stage must spell alike: topics, headers, object keys.

/// Encoded pictures ([`crate::v1::Frame`]), key = camera id.
pub const TOPIC_FRAMES: &str = "vru.frames";
/// What was found in them ([`crate::v1::FrameDetections`]), key = camera id.
pub const TOPIC_DETECTIONS: &str = "vru.detections";
/// [`crate::v1::Alert`], key = camera id.
pub const TOPIC_ALERTS: &str = "vru.alerts";
/// [`crate::v1::CameraConfig`], compacted, key = camera id.
pub const TOPIC_CAMERAS: &str = "vru.cameras";
/// Records that could not be read, as they came, with the headers below.
pub const TOPIC_DEAD_LETTERS: &str = "vru.dead-letters";

/// W3C trace context.
pub const HEADER_TRACEPARENT: &str = "traceparent";
/// On a dead letter: why it is one.
pub const HEADER_REASON: &str = "vru-reason";
/// On a dead letter: the topic it came from.
pub const HEADER_SOURCE_TOPIC: &str = "vru-source-topic";
/// On a dead letter: the partition it came from, decimal.
pub const HEADER_SOURCE_PARTITION: &str = "vru-source-partition";
/// On a dead letter: its offset there, decimal.
pub const HEADER_SOURCE_OFFSET: &str = "vru-source-offset";

/// gRPC trailer that carries the token to resume from.
pub const METADATA_RESUME_TOKEN: &str = "vru-resume-token";

/// The UTC date of a time in microseconds since the Unix epoch, as `YYYY-MM-DD`.
pub fn utc_date(micros: i64) -> String {
    let (year, month, day) = civil_date(micros.div_euclid(86_400_000_000));
    format!("{year:04}-{month:02}-{day:02}")
}

/// Where the picture of an alert lies in the store's bucket: known to whoever raises the alert, before it is written.
pub fn snapshot_key(captured_at_us: i64, camera: &str, alert_id: &str) -> String {
    format!("snapshots/{}/{camera}/{alert_id}.jpg", utc_date(captured_at_us))
}

/// Where the short video around an alert lies in the store's bucket.
pub fn clip_key(captured_at_us: i64, camera: &str, alert_id: &str) -> String {
    format!("clips/{}/{camera}/{alert_id}.mp4", utc_date(captured_at_us))
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar. Counted in eras of 400 years
/// that start on 1 March, so that the leap day is the last of its year.
fn civil_date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let day = 86_400_000_000;
        for (micros, date) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_400_000_000, "2000-02-29"),
            (951_782_400_000_000 + day, "2000-03-01"),
            (1_709_164_800_000_000 + day - 1, "2024-02-29"),
            (4_107_542_400_000_000, "2100-03-01"),
        ] {
            assert_eq!(utc_date(micros), date, "{micros}");
        }
    }

    #[test]
    fn keys_name_day_camera_and_alert() {
        assert_eq!(snapshot_key(0, "cam-1", "a-1"), "snapshots/1970-01-01/cam-1/a-1.jpg");
        assert_eq!(clip_key(0, "cam-1", "a-1"), "clips/1970-01-01/cam-1/a-1.mp4");
    }
}
