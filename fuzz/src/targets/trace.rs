//! The header `traceparent`.

use std::sync::OnceLock;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt as _;

/// An accepted parent gives a trace that can be propagated.
pub(crate) fn traceparent(case: &[u8]) {
    static TRACING: OnceLock<tracing::Dispatch> = OnceLock::new();
    let tracing = TRACING.get_or_init(|| {
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
        let tracer = SdkTracerProvider::builder().build().tracer("fuzz");
        tracing_subscriber::registry().with(tracing_opentelemetry::layer().with_tracer(tracer)).into()
    });
    tracing::dispatcher::with_default(tracing, || {
        let text = crate::input::text(case);
        let span = tracing::info_span!("child");
        vru_runtime::trace::set_parent(&span, Some(&text));
        vru_runtime::trace::add_link(&span, Some(&text));
        let passed_on = vru_runtime::trace::traceparent(&span).expect("a span has a trace");
        assert_eq!(passed_on.len(), 55, "{passed_on} is not a traceparent");
    });
}
