//! Formats the fields of spans and events in a text log: the output of [`DefaultFields`], only faster.
//!
//! Every call has a span with four string fields, and `DefaultFields` took a twelfth of the worker's time for them: it
//! sends each one through `Debug`, piece by piece, into a string that grows with every piece (`docs/performance.md`).

use std::fmt;

use tracing::field::{Field, Visit};
use tracing_subscriber::field::{RecordFields, VisitOutput as _};
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultFields, DefaultVisitor, Writer};

/// Enough for the fields of most calls, in bytes.
const CAPACITY: usize = 192;

#[derive(Debug)]
pub(super) struct Fields;

impl<'writer> FormatFields<'writer> for Fields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        if writer.has_ansi_escapes() {
            return DefaultFields::new().format_fields(writer, fields);
        }
        let mut text = Text { written: String::with_capacity(CAPACITY), result: Ok(()) };
        fields.record(&mut text);
        text.result?;
        writer.write_str(&text.written)
    }
}

/// Formats fields without colours.
struct Text {
    written: String,
    result: fmt::Result,
}

impl Text {
    /// Formats a field as the default does.
    fn write_as_ever(&mut self, record: impl FnOnce(&mut DefaultVisitor<'_>)) {
        let is_first = self.written.is_empty();
        let mut visitor = DefaultVisitor::new(Writer::new(&mut self.written), is_first);
        record(&mut visitor);
        self.result = self.result.and(visitor.finish());
    }
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        let name = field.name();
        if has_looks_of_its_own(name) || !is_its_own_debug(value) {
            return self.write_as_ever(|visitor| visitor.record_str(field, value));
        }
        if !self.written.is_empty() {
            self.written.push(' ');
        }
        self.written.push_str(name);
        self.written.push_str("=\"");
        self.written.push_str(value);
        self.written.push('"');
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.write_as_ever(|visitor| visitor.record_error(field, value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write_as_ever(|visitor| visitor.record_debug(field, value));
    }
}

/// Names with a special format: a message has no name in front, raw identifiers lose their prefix, and fields of the
/// `log` crate are omitted.
fn has_looks_of_its_own(name: &str) -> bool {
    name == "message" || name.starts_with("r#") || name.starts_with("log.")
}

/// Returns whether `Debug` would only add quotes.
fn is_its_own_debug(value: &str) -> bool {
    value.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logged::Log;

    /// The formatted log of an event in a span, with all kinds of fields.
    fn log<F: for<'w> FormatFields<'w> + Send + Sync + 'static>(fields: F, colours: bool) -> String {
        let written = Log::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(fields)
            .without_time()
            .with_ansi(colours)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let error: &(dyn std::error::Error + 'static) = &fmt::Error;
            let later = tracing::field::Empty;
            let span = tracing::info_span!("call", method = "a.b", user = "4 2", quoted = "a\"b\\c", number = 7, later);
            span.record("later", "ü\n\u{1b}[31m");
            let _entered = span.enter();
            tracing::info!(r#type = "plain", none = None::<&str>, some = Some("x"), error, "{} \u{1b}", "said");
            tracing::info!(target: "elsewhere", empty = "", list = ?["a"], shown = %"b c", yes = true);
            tracing::info_span!("nothing").in_scope(|| tracing::info!("inside"));
        });
        written.text()
    }

    #[test]
    fn they_look_as_ever() {
        let text = log(Fields, false);
        assert!(text.contains(r#"call{method="a.b" user="4 2" quoted="a\"b\\c" number=7 later="ü\n"#), "{text}");
        assert_eq!(text.lines().count(), 3, "{text}");
        assert_eq!(text, log(DefaultFields::new(), false));
        assert_eq!(log(Fields, true), log(DefaultFields::new(), true));
    }
}
