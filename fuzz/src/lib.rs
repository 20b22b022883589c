//! Every parser that meets foreign bytes, as a function of bytes that panics when a promise breaks.
//!
//! The same functions are run by libFuzzer (`make fuzz`, `fuzz_targets/`) and, on the corpus and some thousand mutations of it,
//! by an ordinary test (`tests/corpus.rs`). What each promises stands beside it; that nothing panics, and that a case takes no
//! more memory than its size explains, holds for all.

mod input;
mod memory;
mod targets;

pub use memory::{Counting, peak_of};

/// One parser under test.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, also that of its program and of its corpus.
    pub name: &'static str,
    /// Most bytes of memory that one case may hold at a time, beyond [`Target::memory_per_byte`].
    pub memory: usize,
    /// Bytes of memory that each byte of a case may cost.
    pub memory_per_byte: usize,
    /// Runs a case.
    pub run: fn(&[u8]),
}

impl Target {
    /// Runs a case and checks what memory it took.
    pub fn check(&self, case: &[u8]) {
        let peak = peak_of(|| (self.run)(case));
        let limit = self.memory + self.memory_per_byte * case.len();
        assert!(
            peak <= limit,
            "{}: a case of {} bytes held {peak} bytes of memory, more than {limit}",
            self.name,
            case.len()
        );
    }
}

/// The longest cases that are tried, bytes.
pub const MAX_LEN: usize = 4096;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, memory: 256 * KIB, memory_per_byte: 64, run }
}

/// All of them.
pub const TARGETS: [Target; 20] = [
    target("frame", targets::records::frame),
    // An empty object is two bytes on the wire and a struct in memory, and a growing list holds itself twice.
    Target { memory_per_byte: 512, ..target("detections", targets::records::detections) },
    target("alert", targets::records::alert),
    Target { memory_per_byte: 512, ..target("camera", targets::records::camera) },
    target("traceparent", targets::trace::traceparent),
    target("resume_token", targets::tokens::resume),
    target("bearer_token", targets::tokens::bearer),
    target("bearer_claims", targets::tokens::claims),
    Target { memory: 4 * MIB, memory_per_byte: 512, ..target("layout", targets::model::layout) },
    target("model_card", targets::model::card),
    Target { memory: 2 * MIB, memory_per_byte: 512, ..target("config", targets::config::service) },
    Target { memory_per_byte: 512, ..target("cameras_file", targets::config::cameras) },
    target("rtsp_url", targets::url::rtsp),
    target("rtsp_push", targets::push::connection),
    target("sdp", targets::push::sdp),
    target("rtp", targets::push::rtp),
    // A JPEG says its size in its header; the target decodes small pictures only.
    Target { memory: 16 * MIB, ..target("jpeg", targets::pictures::jpeg) },
    target("access_unit", targets::pictures::access_unit),
    target("pipeline", targets::pictures::pipeline),
    target("mot", targets::model::mot),
];

/// A target by name.
pub fn by_name(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Runs a case of a target by name; for the programs, which are made for one each.
///
/// # Panics
/// Where there is no such target, and where the case breaks a promise.
pub fn check(name: &str, case: &[u8]) {
    by_name(name).expect("each program is of a target").check(case);
}
