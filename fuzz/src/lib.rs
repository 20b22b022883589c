//! Fuzz targets for every parser of untrusted bytes: functions that panic if the parser breaks one of its guarantees.
//!
//! libFuzzer runs them (`make fuzz`, `fuzz_targets/`), and so does an ordinary test, on the corpus and on thousands of mutations of
//! it (`tests/corpus.rs`). Each target documents its guarantees. All parsers guarantee that they never panic, and that the
//! memory of a case is bounded by its size.

mod input;
mod memory;
mod targets;

pub use memory::{Counting, peak_of};

/// A parser under test.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Also the name of its program and of its corpus folder.
    pub name: &'static str,
    /// Maximum memory of a case in bytes, in addition to [`Target::memory_per_byte`].
    pub memory: usize,
    /// Additional memory per byte of the case.
    pub memory_per_byte: usize,
    pub run: fn(&[u8]),
}

impl Target {
    /// Runs a case and checks its memory.
    ///
    /// # Panics
    /// If the case breaks a guarantee, or needs more memory than allowed.
    pub fn check(&self, case: &[u8]) {
        let peak = peak_of(|| (self.run)(case));
        let limit = self.memory + self.memory_per_byte * case.len();
        assert!(
            peak <= limit,
            "{}: a case of {} bytes allocated {peak} bytes of memory, more than {limit}",
            self.name,
            case.len()
        );
    }
}

/// Maximum length of a mutated case in bytes.
pub const MAX_LEN: usize = 4096;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, memory: 256 * KIB, memory_per_byte: 64, run }
}

pub const TARGETS: [Target; 43] = [
    target("frame", targets::records::frame),
    target("file_position", targets::records::file_position),
    target("file_fault", targets::records::file_fault),
    Target { memory_per_byte: 512, ..target("camera_test", targets::records::camera_test) },
    target("camera_test_report", targets::records::camera_test_report),
    // An empty object has two bytes in the message and a whole struct in memory, and a growing vector needs its memory twice.
    Target { memory_per_byte: 512, ..target("detections", targets::records::detections) },
    target("alert", targets::records::alert),
    Target { memory_per_byte: 512, ..target("camera", targets::records::camera) },
    target("traceparent", targets::trace::traceparent),
    target("resume_token", targets::tokens::resume),
    target("bearer_token", targets::tokens::bearer),
    Target { memory_per_byte: 512, ..target("jwks", targets::tokens::key_set) },
    target("bearer_claims", targets::tokens::claims),
    Target { memory: 4 * MIB, memory_per_byte: 512, ..target("layout", targets::model::layout) },
    target("model_card", targets::model::card),
    Target { memory: 2 * MIB, memory_per_byte: 512, ..target("config", targets::config::service) },
    Target { memory_per_byte: 512, ..target("cameras_file", targets::config::cameras) },
    target("rtsp_url", targets::url::rtsp),
    // Every message is kept, and sent on.
    Target { memory: 2 * MIB, memory_per_byte: 512, ..target("rtsp_pull", targets::pull::camera) },
    Target { memory_per_byte: 512, ..target("www_authenticate", targets::pull::challenge) },
    Target { memory_per_byte: 512, ..target("live_wishes", targets::live::wishes) },
    target("rtsp_push", targets::push::connection),
    target("push_path", targets::push::path),
    target("push_authorization", targets::push::authorization_header),
    target("sdp", targets::push::sdp),
    target("rtp", targets::push::rtp),
    // The memory of a JPEG depends on the size in its header. The target decodes small pictures only.
    Target { memory: 16 * MIB, ..target("jpeg", targets::pictures::jpeg) },
    target("access_unit", targets::pictures::access_unit),
    target("exif", targets::pictures::exif),
    target("mp4", targets::pictures::mp4),
    target("pipeline", targets::pictures::pipeline),
    target("mot", targets::model::mot),
    Target { memory_per_byte: 512, ..target("rule_state", targets::rules::state) },
    Target { memory_per_byte: 512, ..target("tracker_state", targets::tracker::state) },
    Target { memory_per_byte: 512, ..target("tus_headers", targets::uploads::headers) },
    Target { memory_per_byte: 512, ..target("session_cookie", targets::requests::session_cookie) },
    Target { memory_per_byte: 512, ..target("page_query", targets::requests::page_query) },
    target("webhook_target", targets::requests::webhook_target),
    // Each rule has a copy of its zone, and what it has raised.
    Target { memory: 2 * MIB, memory_per_byte: 4 * KIB, ..target("rule_preview", targets::requests::rule_preview) },
    Target { memory_per_byte: 512, ..target("camera_settings", targets::requests::camera_settings) },
    Target { memory_per_byte: 512, ..target("track_counts", targets::requests::track_counts) },
    Target { memory_per_byte: 512, ..target("track_snapshots", targets::requests::track_snapshots) },
    // The edges of 50,000 bins.
    Target { memory: 4 * MIB, memory_per_byte: 512, ..target("count_query", targets::requests::count_query) },
];

pub fn by_name(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Runs a case of a target by name, for the programs in `fuzz_targets/`.
///
/// # Panics
/// If there is no such target, or if the case breaks a guarantee.
pub fn check(name: &str, case: &[u8]) {
    by_name(name).expect("each program has the name of a target").check(case);
}
