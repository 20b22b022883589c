//! The OpenTelemetry collector that `scripts/setup.sh` builds, with the pipeline of production and a file at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use vru_runtime::test_util::{Launch, Process, folder, free_port, http_get, require_asset, wait_for};

/// One span: its service, its name, its span id, that of its parent (empty: none), and its attributes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub service: String,
    pub name: String,
    pub id: String,
    pub parent: String,
    pub attributes: BTreeMap<String, String>,
}

pub struct Collector {
    process: Process,
    pub port: u16,
    output: PathBuf,
}

impl Collector {
    /// Starts it and waits until it is healthy.
    pub fn start() -> Self {
        let home = folder("collector");
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the repository");
        let config = |path: &str| format!("--config={}", repository.join("observability").join(path).display());
        let (port, health, output) = (free_port(), free_port(), home.join("traces.json"));
        let launch = Launch::new(require_asset("bin/vru-otelcol"), home.join("collector.log"))
            .args([config("collector/traces.yaml"), config("tests/collector/file.yaml")])
            .env("COLLECTOR_LISTEN", format!("127.0.0.1:{port}"))
            .env("COLLECTOR_HEALTH", format!("127.0.0.1:{health}"))
            .env("COLLECTOR_FILE", &output);
        let process = launch.spawn();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, health));
        wait_for(Duration::from_mins(1), "the collector to be healthy", || {
            assert!(process.ended().is_none(), "the collector ended; its log ends:\n{}", process.log_tail());
            match http_get(address, "/") {
                Ok(answer) if answer.status == 200 => Ok(()),
                Ok(answer) => Err(answer.body),
                Err(error) => Err(error),
            }
        });
        Self { process, port, output }
    }

    /// Trace id → its spans, as far as the collector has written them.
    pub fn traces(&self) -> BTreeMap<String, BTreeSet<Span>> {
        assert!(self.process.ended().is_none(), "the collector ended; its log ends:\n{}", self.process.log_tail());
        let mut traces = BTreeMap::<_, BTreeSet<_>>::new();
        // The last line may be half written.
        let text = fs::read_to_string(&self.output).unwrap_or_default();
        for line in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            for resource in list(&line["resourceSpans"]) {
                let service = attributes(&resource["resource"]).remove("service.name").unwrap_or_default();
                for span in list(&resource["scopeSpans"]).flat_map(|scope| list(&scope["spans"])) {
                    let text = |key: &str| span[key].as_str().unwrap_or_default().to_owned();
                    let found = Span {
                        service: service.clone(),
                        name: text("name"),
                        id: text("spanId"),
                        parent: text("parentSpanId"),
                        attributes: attributes(span),
                    };
                    traces.entry(text("traceId")).or_default().insert(found);
                }
            }
        }
        traces
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn attributes(value: &Value) -> BTreeMap<String, String> {
    let pair = |each: &Value| {
        let value = each["value"].as_object()?.values().next()?;
        Some((each["key"].as_str()?.to_owned(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    };
    list(&value["attributes"]).filter_map(pair).collect()
}
