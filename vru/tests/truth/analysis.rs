//! Runs `vru analyse` and reads what it found.

#![allow(dead_code, reason = "each module uses a part")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use serde::Deserialize;
use vru_runtime::test_util::{Launch, binary, folder};

/// Long enough for a busy machine.
const DEADLINE: Duration = Duration::from_mins(2);

/// A file of `models/fixtures`.
pub fn fixture(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("models/fixtures").join(name);
    assert!(path.is_file(), "{} is missing: run `make fixtures`", path.display());
    path
}

/// One line of `--detections`.
#[derive(Debug, Clone, Deserialize)]
pub struct FoundFrame {
    pub sequence: u64,
    pub captured_at_us: i64,
    pub objects: Vec<FoundObject>,
    pub alerts: Vec<FoundAlert>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct FoundObject {
    pub class: String,
    pub score: f32,
    pub track_id: u64,
    pub confirmed: bool,
    /// Left, top, width, height.
    pub r#box: [f32; 4],
}

#[derive(Debug, Clone, Deserialize)]
pub struct FoundAlert {
    pub id: String,
    pub rule: String,
}

impl FoundFrame {
    /// The score of the object of this class; 0 if there is none.
    pub fn score(&self, class: &str) -> f32 {
        self.objects.iter().find(|object| object.class == class).map_or(0.0, |object| object.score)
    }

    /// The scores of these classes.
    pub fn scores<const N: usize>(&self, classes: [&str; N]) -> [f32; N] {
        classes.map(|class| self.score(class))
    }
}

/// What `vru analyse` did.
#[derive(Debug)]
pub struct Analysis {
    pub status: ExitStatus,
    /// What it printed, the summary included.
    pub log: String,
    /// The lines of `--detections`; empty if it wrote none.
    pub frames: Vec<FoundFrame>,
}

/// A call of `vru analyse`.
#[derive(Debug)]
pub struct Analyse {
    args: Vec<OsString>,
    /// Where outputs go.
    pub folder: PathBuf,
}

impl Analyse {
    /// Analyses `video` with the model `models/fixtures/NAME.onnx`.
    pub fn fixture(video: &Path, name: &str) -> Self {
        Self::model(video, &fixture(&format!("{name}.onnx")))
    }

    /// Analyses `video` with this model.
    pub fn model(video: &Path, model: &Path) -> Self {
        let args = ["analyse".into(), video.into(), "--quiet".into(), "--json".into(), "--model".into(), model.into()];
        Self { args: args.to_vec(), folder: folder("analyse") }
    }

    /// More arguments.
    #[must_use]
    pub fn args<I: Into<OsString>>(mut self, args: impl IntoIterator<Item = I>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Writes this cameras file, and names it with `--zones`.
    #[must_use]
    pub fn cameras(self, toml: &str) -> Self {
        let file = self.folder.join("cameras.toml");
        fs::write(&file, toml).unwrap();
        self.args(["--zones".into(), file.into_os_string()])
    }

    /// Runs until the end, whatever its status is.
    pub fn run(self) -> Analysis {
        let (lines, log) = (self.folder.join("detections.jsonl"), self.folder.join("log"));
        let process =
            Launch::new(binary("vru"), &log).args(self.args).args(["--detections".as_ref(), lines.as_os_str()]).spawn();
        let status = process.wait(DEADLINE);
        let frames = fs::read_to_string(&lines).unwrap_or_default();
        let frames = frames.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        Analysis { status, log: fs::read_to_string(log).unwrap(), frames }
    }

    /// Runs until the end, which must be a success.
    pub fn succeed(self) -> Analysis {
        let analysis = self.run();
        assert!(analysis.status.success(), "{}: {}", analysis.status, analysis.log);
        analysis
    }
}
