//! The log's lines as JSON objects, with the fields of `tracing-subscriber`'s own JSON format. That one parses the fields of each span
//! again for each line, twice, and takes the time of a whole statement in the database; this one copies them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write};

use serde_json::{Number, Value};
use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing::{Event, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// A line: time, level, the event's fields, its target, the span that it is in, and all spans around it.
#[derive(Debug)]
pub(super) struct JsonLines;

/// The fields of a span: the inside of an object, without its braces.
#[derive(Debug)]
pub(super) struct JsonFields;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
        line.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut line)?;
        write!(line, "\",\"level\":\"{}\"", metadata.level())?;
        let mut fields = Fields { to: &mut line, first: false, of_span: false, result: Ok(()) };
        event.record(&mut fields);
        fields.result?;
        line.write_str(",\"target\":")?;
        string(&mut line, metadata.target())?;
        if let Some(span) = event.parent().and_then(|id| context.span(id)).or_else(|| context.lookup_current()) {
            line.write_str(",\"span\":")?;
            write_span::<_, N>(&mut line, &span)?;
            line.write_str(",\"spans\":[")?;
            for (number, span) in span.scope().from_root().enumerate() {
                if number > 0 {
                    line.write_char(',')?;
                }
                write_span::<_, N>(&mut line, &span)?;
            }
            line.write_char(']')?;
        }
        line.write_str("}\n")
    }
}

fn write_span<S, N>(line: &mut Writer<'_>, span: &SpanRef<'_, S>) -> fmt::Result
where
    S: for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    line.write_char('{')?;
    let extensions = span.extensions();
    if let Some(fields) = extensions.get::<FormattedFields<N>>().filter(|fields| !fields.is_empty()) {
        line.write_str(fields)?;
        line.write_char(',')?;
    }
    write!(line, "\"name\":\"{}\"}}", span.name())
}

impl<'a> FormatFields<'a> for JsonFields {
    fn format_fields<R: RecordFields>(&self, mut to: Writer<'a>, fields: R) -> fmt::Result {
        let mut visitor = Fields { to: &mut to, first: true, of_span: true, result: Ok(()) };
        fields.record(&mut visitor);
        visitor.result
    }

    /// A field that is given again has its new value only.
    fn add_fields(&self, current: &'a mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        let mut new = FormattedFields::<Self>::new(String::new());
        self.format_fields(new.as_writer(), fields)?;
        let parse = |text: &str| serde_json::from_str::<BTreeMap<String, Value>>(&format!("{{{text}}}"));
        let mut merged = parse(current).map_err(|_| fmt::Error)?;
        merged.extend(parse(&new).map_err(|_| fmt::Error)?);
        let merged = serde_json::to_string(&merged).map_err(|_| fmt::Error)?;
        let inside = merged.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        inside.unwrap_or_default().clone_into(&mut current.fields);
        Ok(())
    }
}

/// Writes fields, each with a comma before it but for the first.
struct Fields<'a, W> {
    to: &'a mut W,
    first: bool,
    of_span: bool,
    result: fmt::Result,
}

impl<W: Write> Fields<'_, W> {
    fn field(&mut self, name: &str, write: impl FnOnce(&mut W) -> fmt::Result) {
        if self.result.is_ok() {
            self.result = self.begin(name).and_then(|()| write(self.to));
        }
    }

    fn begin(&mut self, name: &str) -> fmt::Result {
        if !std::mem::take(&mut self.first) {
            self.to.write_char(',')?;
        }
        string(self.to, name)?;
        self.to.write_char(':')
    }

    /// As `tracing-subscriber` names it: what `log` says of its records is no field of a span.
    fn name(&self, field: &Field) -> Option<&'static str> {
        let name = field.name();
        match self.of_span {
            true if name.starts_with("log.") => None,
            true => Some(name.strip_prefix("r#").unwrap_or(name)),
            false => Some(name),
        }
    }
}

impl<W: Write> Visit for Fields<'_, W> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let Some(name) = self.name(field) else { return };
        self.field(name, |to| {
            to.write_char('"')?;
            write!(Escaped(to), "{value:?}")?;
            to.write_char('"')
        });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field.name(), |to| string(to, value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field.name(), |to| write!(to, "{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field.name(), |to| write!(to, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field.name(), |to| write!(to, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        let text = Number::from_f64(value).map_or(Cow::Borrowed("null"), |number| Cow::Owned(number.to_string()));
        self.field(field.name(), |to| to.write_str(&text));
    }
}

fn string(to: &mut impl Write, text: &str) -> fmt::Result {
    to.write_char('"')?;
    Escaped(to).write_str(text)?;
    to.write_char('"')
}

/// Writes the inside of a JSON string.
struct Escaped<'a, W>(&'a mut W);

impl<W: Write> Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut written = 0;
        for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| matches!(byte, 0..0x20 | b'"' | b'\\')) {
            // Such a byte is a whole character.
            self.0.write_str(&text[written..at])?;
            match byte {
                b'"' => self.0.write_str("\\\"")?,
                b'\\' => self.0.write_str("\\\\")?,
                b'\n' => self.0.write_str("\\n")?,
                b'\r' => self.0.write_str("\\r")?,
                b'\t' => self.0.write_str("\\t")?,
                _ => write!(self.0, "\\u{byte:04x}")?,
            }
            written = at + 1;
        }
        self.0.write_str(&text[written..])
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use parking_lot::Mutex;
    use tracing::subscriber::with_default;
    use tracing_subscriber::Layer as _;
    use tracing_subscriber::fmt::layer;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        /// The lines as objects without their times, which must be there.
        fn lines(&self) -> Vec<Value> {
            let text = String::from_utf8(self.0.lock().clone()).unwrap();
            let object = |line: &str| {
                let mut object: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
                let time = object.as_object_mut().unwrap().remove("timestamp").unwrap();
                // In microseconds, UTC.
                let time = time.as_str().unwrap();
                assert!(time.len() == "2026-01-01T00:00:00.000000Z".len() && time.ends_with('Z'), "{time}");
                object
            };
            text.lines().map(object).collect()
        }
    }

    /// What the JSON format of `tracing-subscriber` writes, and what this one does.
    fn both(log: impl FnOnce()) -> (Vec<Value>, Vec<Value>) {
        let (theirs, ours) = (Written::default(), Written::default());
        let writer = |written: &Written| {
            let written = written.clone();
            move || written.clone()
        };
        let subscriber = tracing_subscriber::registry()
            .with(layer().with_writer(writer(&theirs)).json().flatten_event(true).boxed())
            .with(layer().with_writer(writer(&ours)).event_format(JsonLines).fmt_fields(JsonFields).boxed());
        with_default(subscriber, log);
        (theirs.lines(), ours.lines())
    }

    #[test]
    fn lines_say_what_those_of_tracing_subscriber_say() {
        let (theirs, ours) = both(|| {
            tracing::info!("no field");
            tracing::warn!(
                text = "a \"quoted\" \\ text\nwith\ttabs, \u{1} and über \u{2028}",
                yes = true,
                "said {}",
                "it"
            );
            tracing::error!(whole = -3_i64, large = u64::MAX, wide = 7_i128, part = 1.0, none = f64::NAN, tiny = 1e-30);
            let error = io::Error::other("it \"broke\"");
            tracing::info!(error = &error as &dyn std::error::Error, list = ?["a", "b"], shown = %"c\"", r#type = "raw");
            let outer = tracing::info_span!("outer", id = "x\"y", number = 3, later = tracing::field::Empty);
            let _in_outer = outer.enter();
            tracing::info!(target: "elsewhere", "in one span");
            let inner = tracing::info_span!("inner");
            inner.in_scope(|| tracing::info!(status = 200_u64, "in two spans"));
            let raw = tracing::info_span!("raw", r#type = ?"kind", ratio = 0.5, on = false);
            raw.in_scope(|| tracing::debug!("in two spans"));
            tracing::info!(parent: None, "in none");
        });
        assert_eq!(ours, theirs);
        assert_eq!(ours.len(), 8);
        assert_eq!(ours[5]["spans"][1]["name"], "inner");
        assert_eq!(ours[1]["message"], "said it");
    }

    #[test]
    fn fields_that_come_later_are_added_and_replace_older_ones() {
        let (theirs, ours) = both(|| {
            let span = tracing::info_span!("span", first = 1, second = tracing::field::Empty, text = "{}");
            let _inside = span.enter();
            span.record("second", "late }");
            tracing::info!("added");
            span.record("second", "later").record("first", 2);
            tracing::info!("replaced");
            let empty = tracing::info_span!("empty", only = tracing::field::Empty);
            empty.record("only", 5);
            empty.in_scope(|| tracing::info!("alone"));
        });
        assert_eq!(ours, theirs);
        assert_eq!((&ours[1]["span"]["second"], &ours[1]["span"]["first"]), (&Value::from("later"), &Value::from(2)));
    }
}
