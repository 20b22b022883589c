//! W3C trace context in Kafka headers: one trace follows one frame from the camera to its row and alert.

use opentelemetry::propagation::{Extractor, Injector};
use opentelemetry::trace::TraceContextExt as _;
use rdkafka::message::{Header, OwnedHeaders};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use vru_proto::names::HEADER_TRACEPARENT;

/// The `traceparent` of the span. None: tracing is off, or the span is not traced.
pub fn traceparent(span: &Span) -> Option<String> {
    let context = span.context();
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut carrier = Carrier::default();
    opentelemetry::global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut carrier));
    carrier.traceparent
}

/// Record headers with the `traceparent` of the span, if it has one.
pub fn headers(span: &Span) -> OwnedHeaders {
    headers_of(traceparent(span).as_deref())
}

/// Record headers with this `traceparent`, if there is one.
pub fn headers_of(traceparent: Option<&str>) -> OwnedHeaders {
    match traceparent {
        Some(text) => OwnedHeaders::new().insert(Header { key: HEADER_TRACEPARENT, value: Some(text) }),
        None => OwnedHeaders::new(),
    }
}

/// Makes the span a child of the remote span. Ignores a malformed header.
pub fn set_parent(span: &Span, traceparent: Option<&str>) {
    if let Some(context) = extract(traceparent) {
        // Fails only for a disabled span, which is not traced.
        drop(span.set_parent(context));
    }
}

/// Links the span to a remote span. A batch links to the spans of its frames. Ignores a malformed header.
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
