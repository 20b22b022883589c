//! An upload by tus through `vru-api` to S3, beside `aws s3 cp` of the same file to the same store; both are whole processes that read the
//! file. An upload ends when its parts are joined and its camera is queued. The last row is the memory of `vru-api`.
//!
//! Does not measure: disks of S3 (the server is on this machine), networks, TLS, many clients at once.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};
use vru_benches::caller::Caller;
use vru_benches::measure::Turns;
use vru_benches::note;
use vru_benches::peer::Environment;
use vru_benches::row::{BenchRow, Goal};
use vru_benches::whole_api::WholeApi;
use vru_runtime::test_util::{S3Server, s3};

const DEADLINE: Duration = Duration::from_mins(5);
const TURNS: usize = 5;
const BYTES: usize = 256 * 1024 * 1024;
/// Fills every buffer of an upload.
const FIRST_BYTES: usize = 32 * 1024 * 1024;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let folder = tempfile::tempdir().expect("a folder");
    let (small, large) = (file(folder.path(), "small.avi", FIRST_BYTES), file(folder.path(), "large.avi", BYTES));
    let api = runtime.block_on(Api::start());
    let aws = Aws::start();
    runtime.block_on(api.upload(&small, FIRST_BYTES));
    let first_mb = api.most_resident_mb();
    let mut turns = Turns::default();
    for turn in 0..=TURNS {
        let ours = runtime.block_on(api.upload(&large, BYTES));
        let peer = aws.copy(&large, turn);
        // The first turn is the warm-up of both sides.
        if turn > 0 {
            turns.add(BYTES as f64 / ours.as_secs_f64(), BYTES as f64 / peer.as_secs_f64());
        }
    }
    let peer = format!("aws s3 cp of the same file, {}", aws.version());
    BenchRow::of("upload/256 MiB", &turns, 1e-6, "MB/s", Goal::AtLeast(0.8), &peer).save();
    let mut memory = Turns::default();
    memory.add(api.most_resident_mb(), first_mb);
    let peer = format!("the most after {} MiB; ours: after {} uploads of 256 MiB", FIRST_BYTES >> 20, TURNS + 1);
    BenchRow::of("upload/memory", &memory, 1.0, "MB", Goal::AtMost(1.2), &peer).save();
    assert!(api.0.service.stop().success());
}

/// Bytes that cannot be compressed, with the first ones of an AVI.
fn file(folder: &Path, name: &str, bytes: usize) -> PathBuf {
    let path = folder.join(name);
    let mut file = std::fs::File::create(&path).expect("a file");
    let mut random = StdRng::seed_from_u64(7);
    let mut block = vec![0; 1024 * 1024];
    for number in 0..bytes / block.len() {
        random.fill_bytes(&mut block);
        if number == 0 {
            block[..12].copy_from_slice(b"RIFF\0\0\0\0AVI ");
        }
        file.write_all(&block).expect("it is written");
    }
    path
}

struct Api(WholeApi);

impl Api {
    async fn start() -> Self {
        let with_uploads = WholeApi::start("bench-upload", 1, |launch, bus| {
            launch
                .set("s3.endpoint", s3().endpoint())
                .set("s3.bucket", s3().bucket())
                .set("s3.access_key", S3Server::ACCESS_KEY)
                .set("s3.secret_key", S3Server::SECRET_KEY)
                .set("uploads.enabled", "true")
                .set("uploads.group", format!("{}uploads", bus.prefix()))
        });
        Self(with_uploads.await)
    }

    /// Until the file is one object.
    async fn upload(&self, file: &Path, bytes: usize) -> Duration {
        let began = Instant::now();
        let output = Command::new("curl")
            .args(["-sS", "--fail-with-body", "-X", "POST", "-o", "/dev/null", "-w", "%header{location}", "-T"])
            .arg(file)
            .args(["-H", &format!("cookie: {}", self.0.cookie), "-H", "tus-resumable: 1.0.0"])
            .args(["-H", &format!("upload-length: {bytes}"), "-H", "content-type: application/offset+octet-stream"])
            .arg(format!("http://{}/api/v1/sites/site/uploads", self.0.address))
            .output()
            .expect("curl runs");
        assert!(output.status.success(), "{output:?}\n{}", self.0.service.log_tail());
        let path = String::from_utf8(output.stdout).expect("a path");
        let mut caller = Caller::connect(&self.0.address, &self.0.cookie).await;
        loop {
            let upload = caller.get(&path).await;
            match upload["state"].as_str() {
                Some("queued") => return began.elapsed(),
                Some("checking") => tokio::time::sleep(Duration::from_millis(5)).await,
                _ => panic!("{upload}"),
            }
            assert!(began.elapsed() < DEADLINE, "{upload}");
        }
    }

    /// The most that it ever had.
    fn most_resident_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.service.pid())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel tells it");
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        let mb = kib * 1024.0 / 1e6;
        note(&format!("the most memory so far: {mb:.1} MB"));
        mb
    }
}

struct Aws {
    program: PathBuf,
    bucket: String,
    home: tempfile::TempDir,
}

impl Aws {
    fn start() -> Self {
        let program = Environment::Awscli.python().with_file_name("aws");
        Self { program, bucket: s3().bucket(), home: tempfile::tempdir().expect("a folder") }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // No settings of whoever measures.
        command.env("HOME", self.home.path());
        command.env("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", S3Server::SECRET_KEY);
        command.env("AWS_DEFAULT_REGION", "us-east-1").env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    fn version(&self) -> String {
        let output = self.command().arg("--version").output().expect("aws runs");
        String::from_utf8_lossy(&output.stdout).split(' ').next().unwrap_or_default().to_owned()
    }

    fn copy(&self, file: &Path, turn: usize) -> Duration {
        let began = Instant::now();
        let output = self
            .command()
            .args(["s3", "cp", "--only-show-errors", "--endpoint-url", &s3().endpoint()])
            .arg(file)
            .arg(format!("s3://{}/turn-{turn}/video", self.bucket))
            .output()
            .expect("aws runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        began.elapsed()
    }
}
