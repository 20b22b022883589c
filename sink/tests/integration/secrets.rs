//! What everybody who reaches the admin port, or reads the log, must not find.

use std::time::Duration;

use vru_runtime::test_util::{Metrics, ServiceLaunch, free_port, http_get, kafka, wait_for};

const DEADLINE: Duration = Duration::from_mins(1);

#[test]
fn no_secret_is_in_ready_metrics_or_the_log() {
    let bus = kafka().bus("secrets", 1);
    let nobody = format!("127.0.0.1:{}", free_port());
    let secrets = ["pg-hunter2", "s3-hunter2", "jwt-hunter2-jwt-hunter2-jwt-hunter2"];
    let [postgres, s3_secret, jwt] = secrets;
    // Neither server is there: each part says in `/ready` what it cannot reach.
    let service = ServiceLaunch::new("vru-sink")
        .bus(&bus)
        .set("telemetry.level", "debug")
        .set("postgres.url", format!("postgres://vru:{postgres}@{nobody}/vru"))
        .set("s3.endpoint", format!("http://{nobody}"))
        .set("s3.access_key", "name")
        .set("s3.secret_key", s3_secret)
        .set("alerts.listen", format!("127.0.0.1:{}", free_port()))
        .set("alerts.jwt.secret", jwt)
        .set("alerts.jwt.issuer", "issuer")
        .set("alerts.jwt.audience", "audience")
        .start();
    let ready = wait_for(DEADLINE, "each part to say why it is not ready", || {
        let (status, body) = service.ready()?;
        let waits = status == 503 && ["postgres", "s3"].iter().all(|part| body.contains(part));
        if waits && !body.contains("starting") { Ok(body) } else { Err(body) }
    });
    let metrics = http_get(service.admin(), "/metrics").unwrap().body;
    Metrics::parse(&metrics).unwrap();
    let log = service.log();
    assert!(log.contains("restarting"), "{}", service.log_tail());
    for secret in secrets {
        for (place, text) in [("/ready", &ready), ("/metrics", &metrics), ("the log", &log)] {
            assert!(!text.contains(secret), "{secret} is in {place}");
        }
    }
}
