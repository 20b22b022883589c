//! Logs to standard error or a file, and traces over OTLP.

mod log_records;
mod panics;

use std::io::IsTerminal as _;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use serde::Deserialize;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::config::{Problems, Validate};
use log_records::LogRecords;

/// Section `telemetry`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Minimum level of logs, or any filter in the syntax of `tracing`'s `EnvFilter` (default `info`).
    pub level: String,
    /// `json`, `pretty`, or `auto` (default): `pretty` on a terminal, else `json`.
    pub format: LogFormat,
    /// OTLP endpoint (gRPC), for example `http://collector:4317`. Empty: no traces (default).
    pub otlp_endpoint: String,
    /// Fraction of frames to trace, 0 to 1 (default 1).
    pub trace_ratio: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// `Pretty` on a terminal, else `Json`.
    Auto,
    /// One JSON object a line.
    Json,
    /// One line of text for humans.
    Pretty,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Auto, otlp_endpoint: String::new(), trace_ratio: 1.0 }
    }
}

impl Validate for TelemetryConfig {
    fn validate(&self, problems: &mut Problems) {
        if let Err(error) = EnvFilter::try_new(&self.level) {
            problems.at("level", format!("is not a valid log filter: {error}"));
        }
        problems.require((0.0..=1.0).contains(&self.trace_ratio), "trace_ratio", "is not between 0 and 1");
        let endpoint = &self.otlp_endpoint;
        let known = endpoint.is_empty() || endpoint.starts_with("http://") || endpoint.starts_with("https://");
        problems.require(known, "otlp_endpoint", "does not start with http:// or https://");
    }
}

/// Keeps the trace exporter running. Call [`TelemetryGuard::flush`] before the process ends.
#[derive(Debug, Default)]
#[must_use = "traces end when this is dropped"]
pub struct TelemetryGuard {
    provider: Option<SdkTracerProvider>,
}

impl TelemetryGuard {
    /// Exports the buffered spans. Blocks for 3 s at most.
    pub fn flush(self) {
        if let Some(provider) = self.provider
            && let Err(error) = provider.shutdown_with_timeout(Duration::from_secs(3))
        {
            tracing::warn!(%error, "cannot export the last traces, traces are incomplete");
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("cannot create the OTLP exporter for {endpoint} (check `telemetry.otlp_endpoint`)")]
    Exporter {
        endpoint: String,
        #[source]
        source: opentelemetry_otlp::ExporterBuildError,
    },
    #[error("another part of this process has already set up logging")]
    Installed(#[source] tracing::subscriber::SetGlobalDefaultError),
}

/// Sets up logs to standard error, and traces, for the process. Call inside the async runtime, once.
pub fn init(service: &'static str, config: &TelemetryConfig) -> Result<TelemetryGuard, TelemetryError> {
    let filter = EnvFilter::try_new(&config.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let json = match config.format {
        LogFormat::Json => true,
        LogFormat::Pretty => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let ansi = std::io::stderr().is_terminal();
    install(service, config, filter, json, (BoxMakeWriter::new(std::io::stderr), ansi))
}

/// Like [`init`], with logs to a file. For a process that uses its terminal for something else.
pub fn init_to_file(
    service: &'static str,
    config: &TelemetryConfig,
    file: std::fs::File,
) -> Result<TelemetryGuard, TelemetryError> {
    let filter = EnvFilter::try_new(&config.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let json = config.format == LogFormat::Json;
    install(service, config, filter, json, (BoxMakeWriter::new(std::sync::Mutex::new(file)), false))
}

fn install(
    service: &'static str,
    config: &TelemetryConfig,
    filter: EnvFilter,
    json: bool,
    (writer, ansi): (BoxMakeWriter, bool),
) -> Result<TelemetryGuard, TelemetryError> {
    let logs = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(ansi);
    let logs = if json {
        logs.json().flatten_event(true).with_filter(filter).boxed()
    } else {
        logs.compact().with_target(false).with_filter(filter).boxed()
    };
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let provider = provider(service, config)?;
    let traces = provider.as_ref().map(|provider| {
        // The spans of frames have level debug. Traces contain them whatever the log level is.
        let filter = EnvFilter::new("off,vru=debug,vru_ingest=debug,vru_infer=debug,vru_sink=debug,vru_runtime=debug");
        tracing_opentelemetry::layer().with_tracer(provider.tracer(service)).with_filter(filter)
    });
    let subscriber = tracing_subscriber::registry().with(logs).with(traces);
    tracing::subscriber::set_global_default(subscriber).map_err(TelemetryError::Installed)?;
    LogRecords::new(&config.level).install();
    panics::install();
    Ok(TelemetryGuard { provider })
}

fn provider(service: &'static str, config: &TelemetryConfig) -> Result<Option<SdkTracerProvider>, TelemetryError> {
    if config.otlp_endpoint.is_empty() {
        return Ok(None);
    }
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(&config.otlp_endpoint)
        .with_timeout(Duration::from_secs(5))
        .build()
        .map_err(|source| TelemetryError::Exporter { endpoint: config.otlp_endpoint.clone(), source })?;
    let resource = opentelemetry_sdk::Resource::builder().with_service_name(service).build();
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.trace_ratio)));
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .with_sampler(sampler)
        .build();
    Ok(Some(provider))
}
