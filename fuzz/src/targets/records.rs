//! Kafka records. What is accepted is accepted again, as the same message, when it is written and read once more.

use bytes::Bytes;
use prost::Message;
use vru_proto::validate::{ReadError, read_alert, read_camera, read_detections, read_frame};

use super::assert_says;

fn again<K, M: Message>(case: &[u8], read: impl Fn(Bytes) -> Result<(K, M), ReadError>, key: impl Fn(&K) -> String) {
    match read(Bytes::copy_from_slice(case)) {
        Ok((one_key, one)) => {
            let written = one.encode_to_vec();
            let (other_key, other) = read(written.clone().into()).expect("what was accepted is accepted again");
            assert_eq!(key(&one_key), key(&other_key));
            assert_eq!(written, other.encode_to_vec(), "the message changed");
        }
        Err(error) => assert_says(&error),
    }
}

pub(crate) fn frame(case: &[u8]) {
    again(case, read_frame, ToString::to_string);
}

pub(crate) fn detections(case: &[u8]) {
    again(case, read_detections, ToString::to_string);
}

pub(crate) fn alert(case: &[u8]) {
    again(case, read_alert, ToString::to_string);
}

/// The first line is the record's key.
pub(crate) fn camera(case: &[u8]) {
    let mut input = crate::input::Input::new(case);
    let key = input.line();
    again(input.rest(), |bytes| read_camera(key.as_bytes(), &bytes), ToString::to_string);
}
