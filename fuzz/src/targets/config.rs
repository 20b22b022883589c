//! Configuration. A secret that stands in a file is never told, whatever else is wrong with the file.

use std::path::Path;

use vru_infer::config::InferConfig;
use vru_ingest::IngestConfig;
use vru_runtime::cameras::parse_text;
use vru_runtime::config::{Layers, load_text};
use vru_sink::SinkConfig;

use super::{SECRET, assert_says};
use crate::input::Input;

/// The first line chooses the service, the second is an environment variable, the third a flag; the rest is the file, behind a
/// line with a password.
pub(crate) fn service(case: &[u8]) {
    let mut input = Input::new(case);
    let (service, variable, flag) = (input.byte(), input.line(), input.line());
    // A reference would read other files of this machine.
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
        Ok(shown) => assert!(!shown.contains(SECRET), "the configuration tells its secret: {shown}"),
        Err(error) => {
            assert!(!error.problems.is_empty(), "an error without a problem");
            assert_says(&error);
        }
    }
}

/// A file of cameras, behind a camera with a password. What is read passes as a record of the topic too.
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
                assert_eq!(read.expect("the topic takes what the file has").1, config);
                assert!(!format!("{config:?}").contains(SECRET), "a camera tells its secret");
            }
        }
        Err(error) => assert_says(&error),
    }
}
