//! The database's schema gates the start.

use std::net::TcpStream;
use std::time::Duration;

use vru_runtime::test_util::{ServiceLaunch, free_port, http_get, kafka, postgres, run_to_end, wait_until};

const DEADLINE: Duration = Duration::from_mins(1);

#[test]
fn the_api_starts_when_the_database_has_every_migration_and_says_what_it_waits_for() {
    let (server, listen) = (postgres(), format!("127.0.0.1:{}", free_port()));
    let database = server.database();
    let launch = ServiceLaunch::new("vru-api").set("database.url", &database).set("http.listen", &listen);
    let api = launch.set("kafka.brokers", kafka().brokers()).start();
    let waits = |text: &str| api.ready().is_ok_and(|(status, body)| status == 503 && body.contains(text));
    wait_until(DEADLINE, "the API to name the missing migrations", || {
        waits("V10__cameras") && waits("vru-sink migrate")
    });
    assert!(TcpStream::connect(&listen).is_err(), "the API is served");

    let migrated = run_to_end("vru-sink", &["migrate"], &[("postgres.url", &database), ("admin", "127.0.0.1:0")]);
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    api.wait_ready(DEADLINE);
    wait_until(DEADLINE, "the API to be served", || {
        http_get(listen.parse().expect("an address"), "/api/v1/openapi.json").is_ok_and(|answer| answer.status == 200)
    });
    assert!(!api.log().contains("older than the database"), "{}", api.log());

    let newer = "INSERT INTO refinery_schema_history VALUES (9999, 'from_tomorrow', '2100-01-01T00:00:00Z', '1')";
    server.query(&database, newer);
    wait_until(DEADLINE, "the API to say that it is older", || {
        let log = api.log();
        log.contains("V9999__from_tomorrow") && log.contains("older than the database")
    });
    assert_eq!(api.ready().expect("an answer").0, 200, "additive migrations stop an older program");

    server.query(&database, "UPDATE refinery_schema_history SET checksum = '1' WHERE version = 9");
    wait_until(DEADLINE, "the API to name the changed migration", || waits("V9__api_keys"));
}
