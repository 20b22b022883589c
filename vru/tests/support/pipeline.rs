//! The services of a pipeline on topics, consumer groups, a database and a bucket of the test's own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use vru_proto::v1;
use vru_runtime::test_util::{
    Bus, FfmpegCamera, KafkaServer, PostgresServer, Process, S3Server, ServiceLaunch, ServiceProcess, Topic, folder,
    free_port, kafka, postgres, require_asset, s3, wait_for,
};

use super::store::BucketContents;

/// Long enough for two busy cores.
pub const DEADLINE: Duration = Duration::from_mins(2);
/// The secret that signs the subscribers' tokens.
pub const JWT_SECRET: &str = "a shared secret of the integration tests";
pub const JWT_ISSUER: &str = "integration tests";
pub const JWT_AUDIENCE: &str = "vru-alerts";

/// Pause between two queries of the database. Each query is a `psql` process: without a pause they take half a core from the
/// services under test.
const QUERY_PAUSE: Duration = Duration::from_millis(100);

/// The servers that a pipeline uses.
#[derive(Clone, Copy)]
pub struct Servers<'a> {
    pub kafka: &'a KafkaServer,
    pub postgres: &'a PostgresServer,
    pub s3: &'a S3Server,
}

/// A test's own topics, database, bucket and ports.
pub struct Pipeline<'a> {
    pub bus: Bus,
    pub database: String,
    pub bucket: String,
    pub push_port: u16,
    pub grpc_port: u16,
    servers: Servers<'a>,
}

impl Pipeline<'static> {
    /// Uses the servers that all tests share. A test that breaks a server uses [`Pipeline::on`].
    pub fn new(name: &str, partitions: i32) -> Self {
        Self::on(Servers { kafka: kafka(), postgres: postgres(), s3: s3() }, name, partitions)
    }
}

impl<'a> Pipeline<'a> {
    pub fn on(servers: Servers<'a>, name: &str, partitions: i32) -> Self {
        Self {
            bus: servers.kafka.bus(name, partitions),
            database: servers.postgres.database(),
            bucket: servers.s3.bucket(),
            push_port: free_port(),
            grpc_port: free_port(),
            servers,
        }
    }

    pub fn group(&self, service: &str) -> String {
        format!("{}{service}", self.bus.prefix())
    }

    pub fn ingest(&self) -> ServiceLaunch {
        ingest(&self.bus, self.push_port)
    }

    pub fn infer(&self) -> ServiceLaunch {
        infer(&self.bus)
    }

    /// The PostgreSQL, S3 and alert sinks in one process.
    pub fn sink(&self) -> ServiceLaunch {
        ServiceLaunch::new("vru-sink")
            .bus(&self.bus)
            .set("postgres.url", &self.database)
            .set("postgres.migrate", "true")
            .set("postgres.group", self.group("postgres"))
            .set("s3.endpoint", self.servers.s3.endpoint())
            .set("s3.bucket", &self.bucket)
            .set("s3.access_key", S3Server::ACCESS_KEY)
            .set("s3.secret_key", S3Server::SECRET_KEY)
            .set("s3.group", self.group("s3"))
            .set("s3.parquet.max_age", "2s")
            .set("s3.clip.before", "1s")
            .set("s3.clip.after", "1s")
            .set("s3.clip.slack", "2s")
            .set("alerts.listen", format!("127.0.0.1:{}", self.grpc_port))
            .set("alerts.jwt.secret", JWT_SECRET)
            .set("alerts.jwt.issuer", JWT_ISSUER)
            .set("alerts.jwt.audience", JWT_AUDIENCE)
            .set("alerts.heartbeat", "500ms")
    }

    /// The rows that a query returns, none before the first migration. Pauses first.
    pub fn try_rows(&self, sql: &str) -> Vec<Vec<String>> {
        std::thread::sleep(QUERY_PAUSE);
        self.servers.postgres.try_query(&self.database, sql).unwrap_or_default()
    }

    /// The rows that a query returns.
    pub fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        self.servers.postgres.query(&self.database, sql)
    }

    /// The count that a query returns.
    pub fn count(&self, sql: &str) -> u64 {
        let rows = self.rows(sql);
        rows[0][0].parse().unwrap_or_else(|_| panic!("{sql}: {rows:?} is no count"))
    }

    /// Waits until a count is reached. Before the first migration there are no tables: the count is 0.
    pub fn wait_for_count(&self, what: &str, sql: &str, wanted: u64) {
        wait_for(DEADLINE, what, || {
            let rows = self.try_rows(sql);
            let found: u64 = rows.first().and_then(|row| row[0].parse().ok()).unwrap_or(0);
            if found >= wanted {
                return Ok(());
            }
            Err(format!("{found} of {wanted}: {sql}"))
        });
    }

    /// Waits until the consumer group of a service has committed every record of the topic.
    pub fn wait_until_read(&self, group: &str, topic: Topic, service: &ServiceProcess) {
        wait_for(DEADLINE, &format!("{group} to have no lag"), || match self.bus.lag(&self.group(group), topic) {
            0 => Ok(()),
            lag => Err(format!("a lag of {lag} records; {}", service.log_tail())),
        });
    }

    /// Waits until inference has committed every frame.
    pub fn wait_until_frames_read(&self, infer: &ServiceProcess) {
        self.wait_until_read("infer", Topic::Frames, infer);
        self.wait_until_read("infer", Topic::FileFrames, infer);
    }

    /// Reads the bucket.
    pub fn store(&self) -> BucketContents {
        BucketContents::read_from(&self.servers.s3.endpoint(), &self.bucket)
    }
}

/// Ingest with its RTSP push server on this port.
pub fn ingest(bus: &Bus, push_port: u16) -> ServiceLaunch {
    let group = |service: &str| format!("{}{service}", bus.prefix());
    ServiceLaunch::new("vru-ingest")
        .bus(bus)
        .set("group", group("ingest"))
        .set("push.listen", format!("127.0.0.1:{push_port}"))
        .set("file.consumer_groups", format!("[\"{}\"]", group("infer")))
        .set("pull.allow_this_host", "true")
        .set("camera_tests.group", group("camera-tests"))
        .set("live.backoff.initial", "100ms")
        .set("live.backoff.max", "1s")
}

/// Inference with the demo's model.
pub fn infer(bus: &Bus) -> ServiceLaunch {
    let group = |service: &str| format!("{}{service}", bus.prefix());
    ServiceLaunch::new("vru-infer")
        .bus(bus)
        .set("group", group("infer"))
        .set("camera_tests.group", group("camera-test-pictures"))
        .set("model.path", require_asset("models/nanodet-g.onnx"))
}

/// Starts services and waits until each is ready.
pub fn start<const N: usize>(launches: [ServiceLaunch; N]) -> [ServiceProcess; N] {
    let services = launches.map(ServiceLaunch::start);
    for service in &services {
        service.wait_ready(DEADLINE);
    }
    services
}

/// A camera whose rule raises an alert for each pedestrian anywhere in the picture.
pub fn camera(id: &str, source: v1::camera_config::Source) -> v1::CameraConfig {
    let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
    let zone = v1::Zone {
        id: "everywhere".to_owned(),
        name: "Everywhere".to_owned(),
        polygon: corners.map(|(x, y)| v1::Point { x, y }).to_vec(),
    };
    let presence = v1::ZonePresence { zone_id: zone.id.clone(), min_frames: 2, ..Default::default() };
    let rule = v1::Rule {
        id: "somebody-there".to_owned(),
        severity: v1::Severity::Warning.into(),
        kind: Some(v1::rule::Kind::ZonePresence(presence)),
    };
    v1::CameraConfig {
        id: id.to_owned(),
        name: String::new(),
        enabled: true,
        source: Some(source),
        output: None,
        zones: vec![zone],
        rules: vec![rule],
        lines: Vec::new(),
        tracker: None,
        privacy: None,
    }
}

/// A file as the source of a camera.
pub fn file(path: &Path) -> v1::camera_config::Source {
    let path = path.to_str().expect("a plain path").to_owned();
    v1::camera_config::Source::File(v1::FileSource { path, ..Default::default() })
}

/// An RTSP address as the source of a camera.
pub fn pull(url: String) -> v1::camera_config::Source {
    v1::camera_config::Source::Pull(v1::PullSource { url, ..Default::default() })
}

/// Starts a camera that pushes, and waits until it is connected. Ingest refuses it until its configuration has arrived; then it
/// is started again.
pub fn push(ingest: &ServiceProcess, id: &str, camera: &FfmpegCamera) -> Process {
    let mut process = camera.start();
    wait_for(DEADLINE, &format!("{id} to push"), || {
        if ingest.count("ingest_camera_connected", &[("camera", id)]) >= 1 {
            return Ok(());
        }
        if process.ended().is_some() {
            let log = process.log_tail();
            process = camera.start();
            return Err(log);
        }
        Err("not connected".to_owned())
    });
    process
}

/// Waits until ingest is connected to no camera.
pub fn wait_for_cameras_to_stop(ingest: &ServiceProcess) {
    wait_for(DEADLINE, "the cameras to stop", || {
        let connected = ingest.count("ingest_camera_connected", &[]);
        if connected == 0 { Ok(()) } else { Err(format!("{connected} cameras are connected")) }
    });
}

/// The frames of a camera on the topics, the live ones and those of files, each in order.
pub fn frames_of(bus: &Bus, id: &str) -> Vec<v1::Frame> {
    let mut frames: Vec<v1::Frame> = bus.messages(Topic::Frames);
    frames.extend(bus.messages(Topic::FileFrames));
    frames.retain(|frame| frame.id.as_ref().is_some_and(|frame| frame.camera_id == id));
    frames
}

/// Writes the first frames of the sample clip to a file of their own.
pub fn short_clip(frames: u64) -> PathBuf {
    let file = folder("clip").join("short.avi");
    let cut = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-i"])
        .arg(require_asset("clips/vtest.avi"))
        .args(["-frames:v", &frames.to_string(), "-c", "copy"])
        .arg(&file)
        .status();
    assert!(cut.expect("ffmpeg is installed").success(), "ffmpeg cannot cut the clip");
    file
}
