//! Configuration. A secret in a file never appears in an error or in `Debug`, whatever is wrong with the file.

use std::path::Path;

use vru_infer::config::InferConfig;
use vru_ingest::IngestConfig;
use vru_runtime::cameras::parse_text;
use vru_runtime::config::{Layers, load_text};
use vru_sink::SinkConfig;

use super::{SECRET, check_error};
use crate::input::Input;

/// The first byte selects the service, the rest of its line is an environment variable, the second line is a flag. The remaining
/// text is the file, after a line with a password.
pub(crate) fn service(case: &[u8]) {
    let mut input = Input::new(case);
    let (service, variable, flag) = (input.byte(), input.line(), input.line());
    // A reference would read other files on this machine.
    let rest = crate::input::text(input.rest()).replace("file:", "f:");
    if variable.contains("file:") || flag.contains("file:") {
        return;
    }
    let text = Ok(format!("kafka.sasl_password = \"{SECRET}\" {rest}"));
    let mut layers = Layers { file: Some("vru.toml".into()), ..Layers::default() };
    layers.environment.extend(variable.split_once('=').map(|(name, value)| (format!("VRU__{name}"), value.to_owned())));
    layers.flags.extend((!flag.is_empty()).then_some(flag));
    let shown = match service % 3 {
        0 => load_text::<IngestConfig>(&layers, &text).map(|config| format!("{config:?}")),
        1 => load_text::<InferConfig>(&layers, &text).map(|config| format!("{config:?}")),
        _ => load_text::<SinkConfig>(&layers, &text).map(|config| format!("{config:?}")),
    };
    match shown {
        Ok(shown) => assert!(!shown.contains(SECRET), "Debug of the configuration contains its secret: {shown}"),
        Err(error) => {
            assert!(!error.problems.is_empty(), "an error without a problem");
            check_error(&error);
        }
    }
}

/// A cameras file, after a camera with a password. An accepted camera is also accepted as a record of the topic.
pub(crate) fn cameras(case: &[u8]) {
    let text = crate::input::text(case);
    let text = format!(
        "[[cameras]]\nid = \"a\"\npull = {{ url = \"rtsp://h/s\", username = \"cam\", password = \"{SECRET}\" }} {text}"
    );
    match parse_text(Path::new("cameras.toml"), &text) {
        Ok(cameras) => {
            for (id, config) in cameras {
                let record = prost::Message::encode_to_vec(&config);
                let read = vru_proto::validate::read_camera(id.as_str().as_bytes(), &record);
                assert_eq!(read.expect("a camera of the file is a valid record").1, config);
                assert!(!format!("{config:?}").contains(SECRET), "Debug of a camera contains its secret");
            }
        }
        Err(error) => check_error(&error),
    }
}
