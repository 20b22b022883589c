//! The objects that the S3 sink wrote, read with common tools: pyarrow, DuckDB and ffprobe.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use vru_runtime::test_util::{S3Server, folder, require_asset, s3};

/// The contents of a bucket.
#[derive(Debug)]
pub struct BucketContents {
    /// Analysed frames in the Parquet files.
    pub frames: u64,
    /// Detections in the Parquet files.
    pub detections: u64,
    /// Snapshots of alerts by key.
    pub snapshots: BTreeMap<String, Vec<u8>>,
    /// Uploaded videos by key, as local files.
    pub videos: BTreeMap<String, PathBuf>,
    /// Clips by key, as local files.
    pub clips: BTreeMap<String, PathBuf>,
}

/// The output of `read_store.py`.
#[derive(Debug, Deserialize)]
struct Report {
    keys: Vec<String>,
    pyarrow: ParquetCounts,
    duckdb: ParquetCounts,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct ParquetCounts {
    frames: u64,
    detections: u64,
}

impl BucketContents {
    /// Copies and reads a bucket of the server that all tests share.
    pub fn read(bucket: &str) -> Self {
        Self::read_from(&s3().endpoint(), bucket)
    }

    /// Copies and reads a bucket of the server at `endpoint`.
    pub fn read_from(endpoint: &str, bucket: &str) -> Self {
        let copy = folder("store");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/read_store.py");
        let output = Command::new(require_asset("venv/bin/python"))
            .arg(script)
            .args([endpoint, S3Server::ACCESS_KEY, S3Server::SECRET_KEY, bucket])
            .arg(&copy)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let report: Report = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report.pyarrow, report.duckdb, "pyarrow and DuckDB disagree");
        let with_end = |end: &'static str| report.keys.iter().filter(move |key| key.ends_with(end));
        let read = |key: &String| std::fs::read(copy.join(key)).unwrap();
        let local = |key: &String| (key.clone(), copy.join(key));
        Self {
            frames: report.pyarrow.frames,
            detections: report.pyarrow.detections,
            snapshots: with_end(".jpg").map(|key| (key.clone(), read(key))).collect(),
            videos: with_end("/video").map(local).collect(),
            clips: with_end(".mp4").map(local).collect(),
        }
    }
}

/// The decoded pictures of a video, as ffprobe counts them.
#[derive(Debug)]
pub struct Video {
    pub frames: u64,
    pub seconds: f64,
}

/// Decodes a whole video.
pub fn probe_video(path: &Path) -> Video {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-count_frames", "-of", "json"])
        .args(["-show_entries", "stream=nb_read_frames:format=duration"])
        .arg(path)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{}: {errors}", path.display());
    let probed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let number = |value: &serde_json::Value| value.as_str().unwrap().parse::<f64>().unwrap();
    Video {
        frames: number(&probed["streams"][0]["nb_read_frames"]) as u64,
        seconds: number(&probed["format"]["duration"]),
    }
}
