//! Kafka is lost together with the database.

use vru_proto::v1;
use vru_runtime::test_util::{Bus, PostgresServer, ServiceProcess, Topic, run_to_end};

use super::{FRAMES, PARTITIONS, wait_until_stored};
use crate::pipeline::Pipeline;

/// The topics are gone too: what neither they nor the database have is told before the sinks go on, and they store what comes then.
pub(super) fn what_is_lost_is_told(
    pipeline: &mut Pipeline<'_>,
    server: &PostgresServer,
    sink: &ServiceProcess,
    infer: &ServiceProcess,
) {
    let database = pipeline.database.clone();
    let recovery = |bus: &Bus| {
        let settings = [
            ("kafka.brokers", bus.config().brokers),
            ("kafka.topic_prefix", bus.prefix().to_owned()),
            ("postgres.url", database.clone()),
            ("postgres.group", format!("{}postgres", bus.prefix())),
        ];
        let settings: Vec<(&str, &str)> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let output = run_to_end("vru-sink", &["recovery"], &settings);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(sink.stop().success(), "{}", sink.log_tail());
    assert!(infer.stop().success(), "{}", infer.log_tail());
    let said = recovery(&pipeline.bus);
    assert!(said.ends_with("nothing is lost: the sinks store all that the database does not have\n"), "{said}");

    let detections = pipeline.bus.messages::<v1::FrameDetections>(Topic::Detections);
    let next = |camera: &str, seconds: i64| {
        let mut next =
            detections.iter().rfind(|frame| frame.frame_id.as_ref().unwrap().camera_id == camera).unwrap().clone();
        next.captured_at_us += seconds * 1_000_000;
        next.frame_id.as_mut().unwrap().sequence += u64::try_from(seconds).unwrap();
        next
    };
    let last = |camera: &str| next(camera, 0).captured_at_us;
    let time = |us: i64| {
        let sql =
            format!("select to_char(to_timestamp({us} / 1000000.0) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')");
        server.query(&database, &sql).remove(0).remove(0)
    };
    // This is on Kafka only, and is lost with it.
    pipeline.bus.produce_message(Topic::Detections, "file-a", &next("file-a", 5));
    pipeline.bus.recreate(Topic::Detections, PARTITIONS);
    pipeline.bus.recreate(Topic::Alerts, PARTITIONS);
    pipeline.bus.produce_message(Topic::Detections, "file-a", &next("file-a", 30));
    let said = recovery(&pipeline.bus);
    println!("{said}");
    let line = |camera: &str| said.lines().find(|line| line.contains(&format!("camera {camera}:"))).unwrap_or(&said);
    let (from, to) = (time(last("file-a")), time(last("file-a") + 30_000_000));
    assert!(line("file-a").contains(&format!("from {from}")) && line("file-a").contains(&format!("to {to}")), "{said}");
    let from = time(last("file-b"));
    assert!(line("file-b").contains(&format!("from {from}")) && line("file-b").contains("nothing newer"), "{said}");
    assert!(said.contains("was in another topic, which is gone") && said.contains("something is lost in"), "{said}");
    sink.restart();
    wait_until_stored(server, &database, &pipeline.bus);
    assert_eq!(pipeline.count("select count(*) from frames"), FRAMES * 3 + 1);
}
