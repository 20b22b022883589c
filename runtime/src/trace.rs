//! W3C trace context through Kafka headers: one trace follows one frame from camera to row and alert.

use opentelemetry::propagation::{Extractor, Injector};
use opentelemetry::trace::TraceContextExt as _;
use rdkafka::message::{Header, OwnedHeaders};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use vru_proto::names::HEADER_TRACEPARENT;

/// The `traceparent` of the span, or none where nothing traces.
pub fn traceparent(span: &Span) -> Option<String> {
    let context = span.context();
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut carrier = Carrier::default();
    opentelemetry::global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut carrier));
    carrier.traceparent
}

/// Record headers that carry the span's context; empty where nothing traces.
pub fn headers(span: &Span) -> OwnedHeaders {
    headers_of(traceparent(span).as_deref())
}

/// Record headers that carry a `traceparent`.
pub fn headers_of(traceparent: Option<&str>) -> OwnedHeaders {
    match traceparent {
        Some(text) => OwnedHeaders::new().insert(Header { key: HEADER_TRACEPARENT, value: Some(text) }),
        None => OwnedHeaders::new(),
    }
}

/// Makes the span a child of the remote one. A malformed header is as none.
pub fn set_parent(span: &Span, traceparent: Option<&str>) {
    if let Some(context) = extract(traceparent) {
        // Refused only where the span is disabled, and then there is nothing to follow.
        drop(span.set_parent(context));
    }
}

/// Links the span to a remote one, as a batch's span to those of its frames.
pub fn add_link(span: &Span, traceparent: Option<&str>) {
    if let Some(context) = extract(traceparent) {
        span.add_link(context.span().span_context().clone());
    }
}

fn extract(traceparent: Option<&str>) -> Option<opentelemetry::Context> {
    let carrier = Carrier { traceparent: Some(traceparent?.to_owned()) };
    let context = opentelemetry::global::get_text_map_propagator(|propagator| propagator.extract(&carrier));
    context.span().span_context().is_valid().then_some(context)
}

#[derive(Default)]
struct Carrier {
    traceparent: Option<String>,
}

impl Injector for Carrier {
    fn set(&mut self, key: &str, value: String) {
        if key == HEADER_TRACEPARENT {
            self.traceparent = Some(value);
        }
    }
}

impl Extractor for Carrier {
    fn get(&self, key: &str) -> Option<&str> {
        (key == HEADER_TRACEPARENT).then_some(self.traceparent.as_deref()).flatten()
    }

    fn keys(&self) -> Vec<&str> {
        vec![HEADER_TRACEPARENT]
    }
}
