//! The default log of a program that installs no subscriber of its own.

use std::env;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use tracing::{Dispatch, Level, Metadata};
use tracing_subscriber::filter::{Directive, LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use super::panics::{self, ALWAYS};
use crate::error::{Error, shown};

mod fields;

use fields::Fields;

/// The format of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LogFormat {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object a line, for programs
    Json,
}

/// Starts logging to standard error, panics included, unless the program already has a subscriber.
pub(super) fn start(format: LogFormat) -> Log {
    let wanted = env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let (filter, problem) = filter(&wanted);
    let colours = format == LogFormat::Text && io::stderr().is_terminal();
    let started = log(filter, format, colours, Lines { colours }).try_init();
    // The only possible error is that a subscriber is already installed.
    if started.is_err() {
        return Log { json: false };
    }
    panics::log();
    if let Some(problem) = problem {
        tracing::warn!(target: ALWAYS, "{problem}");
    }
    Log { json: format == LogFormat::Json }
}

fn log(
    filter: Filter,
    format: LogFormat,
    colours: bool,
    writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static,
) -> Dispatch {
    let log = tracing_subscriber::registry().with(filter).with(filter_fn(|event| !is_wire(event)));
    let layer = fmt::layer().with_writer(writer);
    match format {
        LogFormat::Text => log.with(layer.with_target(false).with_ansi(colours).fmt_fields(Fields)).into(),
        LogFormat::Json => log.with(layer.json().flatten_event(true)).into(),
    }
}

/// Formats this thread's events as [`start`] would, but discards the output.
#[cfg(feature = "__bench")]
#[must_use]
pub fn to_nowhere() -> tracing::dispatcher::DefaultGuard {
    tracing::dispatcher::set_default(&log(filter("").0, LogFormat::Text, false, io::sink))
}

/// Matches events of the WebSocket library at `trace`: they contain whole frames, and with them tokens, params and
/// results.
fn is_wire(event: &Metadata<'_>) -> bool {
    let library = event.target().split("::").next();
    *event.level() == Level::TRACE && matches!(library, Some("tungstenite" | "tokio_tungstenite"))
}

type Filter = Box<dyn Layer<Registry> + Send + Sync>;

/// The filter of `RUST_LOG`, or `info`, and the problem with `RUST_LOG` if it is malformed.
fn filter(wanted: &str) -> (Filter, Option<String>) {
    let wanted = if wanted.trim().is_empty() { "info" } else { wanted };
    // An `EnvFilter` inspects every span again whenever it is made, entered, left and closed. A plain level needs no
    // such work.
    if let Ok(level) = wanted.trim().parse::<LevelFilter>() {
        return (Box::new(Targets::new().with_default(level).with_target(ALWAYS, Level::WARN)), None);
    }
    let (filter, problem) = match EnvFilter::try_new(wanted) {
        Ok(filter) => (filter, None),
        Err(error) => {
            let problem = format!(
                "RUST_LOG is `{}`, which is not a filter like `info` or `centrifugo_rpc=debug` ({error}): `info` is used instead",
                shown(wanted)
            );
            (EnvFilter::new("info"), Some(problem))
        }
    };
    let always = format!("{ALWAYS}=warn").parse::<Directive>();
    // Always parses, since the directive is written above.
    (Box::new(always.into_iter().fold(filter, EnvFilter::add_directive)), problem)
}

/// The started log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Log {
    json: bool,
}

impl Log {
    /// Logs the reason why the program ends.
    pub(super) fn fatal(self, error: &Error) {
        if self.json {
            tracing::error!(target: ALWAYS, "{error:?}");
        } else {
            drop(writeln!(io::stderr(), "error: {error:?}"));
        }
    }
}

/// Writes one line per event to standard error, so that no content of an event can forge another event.
#[derive(Debug, Clone, Copy)]
struct Lines {
    colours: bool,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        *self
    }
}

impl Write for Lines {
    /// Called with whole events.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(&one_line(event, self.colours))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Escapes the control characters of an event, except the line break at its end, tabs, and, with colours on, the escape
/// sequences of the colours: then the subscriber lets no other escape characters through.
fn one_line(event: &[u8], colours: bool) -> Vec<u8> {
    let text = String::from_utf8_lossy(event);
    let body = text.strip_suffix('\n').unwrap_or(&text);
    let mut line = String::with_capacity(body.len() + 1);
    for c in body.chars() {
        match c {
            '\t' => line.push(c),
            '\u{1b}' if colours => line.push(c),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                // Writing to a string cannot fail.
                let _ = write!(line, "\\u{:04x}", u32::from(c));
            }
            c => line.push(c),
        }
    }
    line.push('\n');
    line.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_and_json_stays_json() {
        let event = "{\"message\":\"a\u{85}b\u{2028}c\tä\"}\n".as_bytes();
        let line = String::from_utf8(one_line(event, false)).expect("UTF-8");
        assert_eq!(line, "{\"message\":\"a\\u0085b\\u2028c\tä\"}\n");
        let value: serde_json::Value = serde_json::from_str(&line.replace('\t', " ")).expect("JSON");
        assert_eq!(value["message"], "a\u{85}b\u{2028}c ä");
        assert_eq!(one_line(b"a\nINFO b\r\x1b[2J\xff\n", false), "a\\nINFO b\\r\\u001b[2J\u{fffd}\n".as_bytes());
        assert_eq!(one_line(b"\x1b[32mINFO\x1b[0m a\n", true), b"\x1b[32mINFO\x1b[0m a\n");
    }
}
