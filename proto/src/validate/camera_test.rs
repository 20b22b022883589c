//! Tests of cameras, and what came of them.

use prost::Message as _;

use super::{ReadError, camera, fail, size};
use crate::error::InvalidMessage;
use crate::ids::CameraId;
use crate::v1::camera_test_report::Outcome;
use crate::v1::{self, camera_config};

/// The longest test in milliseconds.
pub const MAX_TEST_MS: u32 = 120_000;
/// The largest picture in a report.
pub const MAX_SNAPSHOT_BYTES: usize = 512 * 1024;
/// The longest side of such a picture in pixels.
pub const MAX_SNAPSHOT_SIDE: u32 = 1_280;
/// The longest text for people in bytes.
const MAX_TEXT: usize = 4_096;
/// The longest name of a codec, a profile, a server or a host in bytes.
const MAX_NAME: usize = 256;
const MAX_WORD: usize = 40;

/// Parses and validates a test of a camera.
pub fn read_camera_test(bytes: bytes::Bytes) -> Result<(CameraId, v1::CameraTest), ReadError> {
    const NAME: &str = "CameraTest";
    let test = v1::CameraTest::decode(bytes).map_err(|source| ReadError::Parse { message: NAME, source })?;
    let invalid = |field, problem: &str| Err(InvalidMessage::new(NAME, field, problem).into());
    let Some(config) = &test.camera else { return invalid("camera", "is missing") };
    let id = camera(config)?;
    if test.id != config.id {
        return invalid("id", "is not that of the camera");
    }
    if !matches!(config.source, Some(camera_config::Source::Pull(_))) {
        return invalid("camera.source", "is not pull: only a camera that is connected to can be tried");
    }
    if !(1..=MAX_TEST_MS).contains(&test.timeout_ms) {
        return Err(InvalidMessage::new(NAME, "timeout_ms", format!("is not between 1 and {MAX_TEST_MS}")).into());
    }
    Ok((id, test))
}

/// Parses and validates a picture that is to be blurred. Whether it is a picture is seen when it is decoded.
pub fn read_camera_test_picture(bytes: bytes::Bytes) -> Result<(CameraId, v1::CameraTestPicture), ReadError> {
    const NAME: &str = "CameraTestPicture";
    let picture = v1::CameraTestPicture::decode(bytes).map_err(|source| ReadError::Parse { message: NAME, source })?;
    let id: CameraId = picture.id.parse()?;
    snapshot(NAME, &picture.snapshot)?;
    Ok((id, picture))
}

/// Parses and validates what came of a test.
pub fn read_camera_test_report(bytes: bytes::Bytes) -> Result<(CameraId, v1::CameraTestReport), ReadError> {
    const NAME: &str = "CameraTestReport";
    let report = v1::CameraTestReport::decode(bytes).map_err(|source| ReadError::Parse { message: NAME, source })?;
    let id: CameraId = report.id.parse()?;
    text(NAME, "host", &report.host, MAX_NAME)?;
    match &report.outcome {
        None => return Err(InvalidMessage::new(NAME, "outcome", "is missing").into()),
        Some(Outcome::Started(v1::StartedTest {})) => {}
        Some(Outcome::Seen(seen)) => self::seen(seen)?,
        Some(Outcome::Picture(v1::BlurredPicture { snapshot: picture, problem })) => {
            text("BlurredPicture", "problem", problem, MAX_TEXT)?;
            match (picture.is_empty(), problem.is_empty()) {
                (true, false) => {}
                (false, true) => snapshot("BlurredPicture", picture)?,
                _ => return Err(InvalidMessage::new("BlurredPicture", "snapshot", "or `problem` is required").into()),
            }
        }
        Some(Outcome::Failed(failed)) => {
            for (field, word) in [("reason", &failed.reason), ("phase", &failed.phase)] {
                let is_word = word.len() <= MAX_WORD && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                if !is_word || (word.is_empty() && field == "reason") {
                    return Err(InvalidMessage::new("FailedTest", field, "is not a word of a-z and _").into());
                }
            }
            text("FailedTest", "text", &failed.text, MAX_TEXT)?;
        }
    }
    Ok((id, report))
}

fn seen(seen: &v1::SeenStream) -> Result<(), InvalidMessage> {
    const NAME: &str = "SeenStream";
    for (field, name) in [("codec", &seen.codec), ("profile", &seen.profile), ("server", &seen.server)] {
        text(NAME, field, name, MAX_NAME)?;
    }
    size(NAME, seen.width, seen.height)?;
    if !(0.0..=100_000.0).contains(&seen.frames_per_second) {
        return fail(NAME, "frames_per_second", "is not between 0 and 100000");
    }
    if v1::RtspTransport::try_from(seen.transport).is_err() {
        return fail(NAME, "transport", format!("is unknown: {}", seen.transport));
    }
    match (seen.picture_follows, seen.snapshot.is_empty()) {
        (true, true) => Ok(()),
        (true, false) => fail(NAME, "snapshot", "is given, and another picture follows"),
        (false, _) => snapshot(NAME, &seen.snapshot),
    }
}

fn snapshot(message: &'static str, snapshot: &[u8]) -> Result<(), InvalidMessage> {
    if (1..=MAX_SNAPSHOT_BYTES).contains(&snapshot.len()) {
        return Ok(());
    }
    fail(message, "snapshot", format!("has {} bytes, not 1 to {MAX_SNAPSHOT_BYTES}", snapshot.len()))
}

/// The texts come from cameras, and go into the database and to people.
fn text(message: &'static str, field: &'static str, text: &str, most: usize) -> Result<(), InvalidMessage> {
    if text.len() > most || text.chars().any(char::is_control) {
        return fail(message, field, format!("has {} bytes, more than {most}, or a control character", text.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test() -> v1::CameraTest {
        let pull = v1::PullSource { url: "rtsp://h/".to_owned(), ..v1::PullSource::default() };
        let source = Some(camera_config::Source::Pull(pull));
        let camera = Some(v1::CameraConfig { id: "t".to_owned(), source, ..v1::CameraConfig::default() });
        v1::CameraTest { id: "t".to_owned(), camera, start_before_us: 1, timeout_ms: 15_000, unblurred: false }
    }

    #[test]
    fn a_test_has_a_pulled_camera_of_its_own_id_and_a_bounded_time() {
        let read = |change: &dyn Fn(&mut v1::CameraTest)| {
            let mut test = test();
            change(&mut test);
            read_camera_test(test.encode_to_vec().into()).map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(read(&|_| {}), Ok(()));
        for (change, field) in [
            (&(|test: &mut v1::CameraTest| test.camera = None) as &dyn Fn(&mut v1::CameraTest), "camera"),
            (&|test| test.id = "other".to_owned(), "id"),
            (&|test| test.timeout_ms = 0, "timeout_ms"),
            (&|test| test.timeout_ms = u32::MAX, "timeout_ms"),
            (
                &|test| {
                    let push = v1::PushSource { allow_anonymous: true, ..v1::PushSource::default() };
                    test.camera.as_mut().unwrap().source = Some(camera_config::Source::Push(push));
                },
                "camera.source",
            ),
            (&|test| test.camera.as_mut().unwrap().source = None, "source"),
        ] {
            let error = read(change).unwrap_err();
            assert!(error.contains(field), "{field} is not in {error}");
        }
        assert!(read_camera_test(bytes::Bytes::from_static(b"no message")).is_err());
    }

    #[test]
    fn a_report_has_texts_a_picture_and_numbers_within_bounds() {
        let seen = v1::SeenStream {
            codec: "H264".to_owned(),
            width: 1,
            height: 1,
            snapshot: vec![0].into(),
            ..v1::SeenStream::default()
        };
        let failed = v1::FailedTest { reason: "no_route".to_owned(), ..v1::FailedTest::default() };
        let read = |outcome: Option<Outcome>| {
            let report = v1::CameraTestReport { id: "t".to_owned(), host: "pod-1".to_owned(), outcome };
            read_camera_test_report(report.encode_to_vec().into()).map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(read(Some(Outcome::Started(v1::StartedTest {}))), Ok(()));
        assert_eq!(read(Some(Outcome::Seen(seen.clone()))), Ok(()));
        assert_eq!(read(Some(Outcome::Failed(failed.clone()))), Ok(()));
        let with = |change: &dyn Fn(&mut v1::SeenStream)| {
            let mut seen = seen.clone();
            change(&mut seen);
            Some(Outcome::Seen(seen))
        };
        let picture = |snapshot: &[u8], problem: &str| {
            let (snapshot, problem) = (snapshot.to_vec(), problem.to_owned());
            Some(Outcome::Picture(v1::BlurredPicture { snapshot, problem }))
        };
        assert_eq!(read(picture(b"jpeg", "")), Ok(()));
        assert_eq!(read(picture(b"", "nobody blurs it")), Ok(()));
        let follows = v1::SeenStream { snapshot: bytes::Bytes::new(), picture_follows: true, ..seen.clone() };
        assert_eq!(read(Some(Outcome::Seen(follows))), Ok(()));
        let word = |reason: &str| Some(Outcome::Failed(v1::FailedTest { reason: reason.to_owned(), ..failed.clone() }));
        for (outcome, field) in [
            (None, "outcome"),
            (with(&|seen| seen.server = "a\nb".to_owned()), "server"),
            (with(&|seen| seen.codec = "x".repeat(300)), "codec"),
            (with(&|seen| seen.width = 0), "width"),
            (with(&|seen| seen.frames_per_second = f64::NAN), "frames_per_second"),
            (with(&|seen| seen.snapshot = bytes::Bytes::new()), "snapshot"),
            (with(&|seen| seen.snapshot = vec![0; MAX_SNAPSHOT_BYTES + 1].into()), "snapshot"),
            (with(&|seen| seen.picture_follows = true), "snapshot"),
            (picture(b"", ""), "snapshot"),
            (picture(b"jpeg", "and a problem"), "snapshot"),
            (picture(&vec![0; MAX_SNAPSHOT_BYTES + 1], ""), "snapshot"),
            (picture(b"", "a\nb"), "problem"),
            (with(&|seen| seen.transport = 9), "transport"),
            (word(""), "reason"),
            (word("No route"), "reason"),
            (Some(Outcome::Failed(v1::FailedTest { text: "x".repeat(5_000), ..failed.clone() })), "text"),
        ] {
            let error = read(outcome).unwrap_err();
            assert!(error.contains(field), "{field} is not in {error}");
        }
    }
    #[test]
    fn a_picture_that_is_to_be_blurred_has_the_id_of_its_test_and_a_bounded_size() {
        let read = |id: &str, bytes: usize| {
            let (id, snapshot) = (id.to_owned(), vec![0; bytes]);
            let picture = v1::CameraTestPicture { id, snapshot, answer_before_us: 1 };
            read_camera_test_picture(picture.encode_to_vec().into()).map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(read("t", MAX_SNAPSHOT_BYTES), Ok(()));
        for (id, bytes) in [("", 1), ("a/b", 1), ("t", 0), ("t", MAX_SNAPSHOT_BYTES + 1)] {
            read(id, bytes).unwrap_err();
        }
        assert!(read_camera_test_picture(bytes::Bytes::from_static(b"no message")).is_err());
    }
}
