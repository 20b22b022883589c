//! A process of its own: what is set up here is the process's.

use std::fs::{self, File};

use vru_runtime::metrics;
use vru_runtime::telemetry::{TelemetryConfig, init_to_file};
use vru_runtime::test_util::{Metrics, folder};

#[tokio::test]
async fn an_event_after_a_record_that_is_not_shown_and_a_panic_are_in_the_log() {
    let path = folder("telemetry").join("log");
    let config = TelemetryConfig { otlp_endpoint: "http://127.0.0.1:1".to_owned(), ..TelemetryConfig::default() };
    let _guard = init_to_file("test", &config, File::create(&path).unwrap()).unwrap();
    for number in 0..3 {
        log::debug!("a record that is not shown");
        // As rdkafka asks whenever it makes a client.
        assert!(!log::log_enabled!(target: "librdkafka", log::Level::Debug));
        // The target is that of services: both layers want it, so that `tracing` does not ask their filters again.
        tracing::info!(target: "vru_runtime::service", number, "event");
        log::warn!("a record that is shown");
    }
    let log = fs::read_to_string(&path).unwrap();
    assert_eq!(log.matches("event").count(), 3, "{log}");
    assert_eq!(log.matches("a record that is shown").count(), 3, "{log}");
    assert!(!log.contains("not shown"), "{log}");

    tokio::spawn(async { panic!("a number was {}", 7) }).await.unwrap_err();
    // What fails below is told as usual.
    drop(std::panic::take_hook());
    let log = fs::read_to_string(path).unwrap();
    let fault = log.lines().find(|line| line.contains("a fault of the program")).expect("the panic is in the log");
    for part in ["ERROR", "a number was 7", file!()] {
        assert!(fault.contains(part), "{fault}");
    }
    assert_eq!(Metrics::parse(&metrics::encode()).unwrap().count("panics_total", &[]), 1);
}
