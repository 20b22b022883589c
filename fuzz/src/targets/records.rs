//! Kafka records. An accepted message survives encoding and decoding unchanged.

use bytes::Bytes;
use prost::Message;
use vru_proto::validate::{
    ReadError, read_alert, read_camera, read_camera_test, read_camera_test_picture, read_camera_test_report,
    read_detections, read_file_fault, read_file_position, read_frame,
};

use super::check_error;

fn check_round_trip<K, M: Message>(
    case: &[u8],
    read: impl Fn(Bytes) -> Result<(K, M), ReadError>,
    key: impl Fn(&K) -> String,
) {
    match read(Bytes::copy_from_slice(case)) {
        Ok((one_key, one)) => {
            let written = one.encode_to_vec();
            let (other_key, other) = read(written.clone().into()).expect("an accepted message is accepted again");
            assert_eq!(key(&one_key), key(&other_key));
            assert_eq!(written, other.encode_to_vec(), "the message changed");
        }
        Err(error) => check_error(&error),
    }
}

pub(crate) fn frame(case: &[u8]) {
    check_round_trip(case, read_frame, ToString::to_string);
}

pub(crate) fn file_position(case: &[u8]) {
    check_round_trip(case, read_file_position, ToString::to_string);
}

pub(crate) fn file_fault(case: &[u8]) {
    let read = |bytes| read_file_fault(bytes).map(|fault| (fault.camera_id.clone(), fault));
    check_round_trip(case, read, Clone::clone);
}

pub(crate) fn detections(case: &[u8]) {
    check_round_trip(case, read_detections, ToString::to_string);
}

pub(crate) fn alert(case: &[u8]) {
    check_round_trip(case, read_alert, ToString::to_string);
}

pub(crate) fn camera_test(case: &[u8]) {
    check_round_trip(case, read_camera_test, ToString::to_string);
}

pub(crate) fn camera_test_report(case: &[u8]) {
    check_round_trip(case, read_camera_test_picture, ToString::to_string);
    check_round_trip(case, read_camera_test_report, ToString::to_string);
}

/// The first line is the record's key.
pub(crate) fn camera(case: &[u8]) {
    let mut input = crate::input::Input::new(case);
    let key = input.line();
    check_round_trip(input.rest(), |bytes| read_camera(key.as_bytes(), &bytes), ToString::to_string);
}
