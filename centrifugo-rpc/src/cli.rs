//! The command line of a [`Server`]. A thin layer: each command calls what the library offers as API.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use serde_json::value::RawValue;

use crate::centrifugo::Centrifugo;
use crate::centrifugo::checks::{self, Finding, Purpose, Severity};
use crate::centrifugo::tokens::MAX_TTL;
use crate::channels::{DEFAULT_MAX_LENGTH, longest_reply_channel};
use crate::config::Config;
use crate::error::{BoxError, Error, ErrorKind};
use crate::server::{Ended, Server, Serving};

mod centrifugo_config;
#[cfg(feature = "codegen")]
mod contract;
#[cfg(feature = "codegen")]
mod generate;
pub(crate) mod logging;
mod panics;

use logging::LogFormat;

/// Exit code for a failure.
const FAILED: u8 = 1;
/// Exit code for a wrong command line or configuration; clap uses it for the former.
const WRONG_USE: u8 = 2;

const SETTINGS: &str = "\
Settings come from the environment:
  CENTRIFUGO_API_KEY            Centrifugo's http_api.key (required)
  CENTRIFUGO_TOKEN_HMAC_SECRET  Centrifugo's client.token.hmac_secret_key (required)
  CENTRIFUGO_URL                its WebSocket endpoint [ws://localhost:8000/connection/websocket]
  CENTRIFUGO_API_URL            its server API [http://localhost:8000/api]
  CENTRIFUGO_CA_FILE            a private CA's certificates, for wss:// and https://
  CENTRIFUGO_RPC_…              channel names, timeouts and limits: see docs/setup.md
  RUST_LOG                      what to log [info]

Exit codes:
  0  done, or stopped by a signal
  1  something did not work
  2  wrong usage or configuration";

/// Serves RPC methods to clients of a Centrifugo. Without a command, serves until SIGINT or SIGTERM.
#[derive(Debug, Parser)]
#[command(after_help = SETTINGS, max_term_width = 100)]
struct Arguments {
    /// Log format on standard error
    #[arg(long, value_enum, default_value_t, global = true, value_name = "FORMAT")]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
#[command(rename_all = "snake_case")]
enum Command {
    /// Print a matching Centrifugo configuration, with both secrets
    CentrifugoConfig(centrifugo_config::Options),
    /// Print a connection token for a caller
    Token {
        /// The user ID; empty for an anonymous caller
        #[arg(long, value_name = "ID")]
        user: String,
        /// The token's lifetime, like `1h` or `30d`; at most `100years`
        #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = ttl)]
        ttl: Duration,
        /// The value of `conn.info()` in handlers: a JSON object
        #[arg(long, value_name = "JSON", value_parser = json_object)]
        info: Option<Box<RawValue>>,
    },
    /// Check a running Centrifugo end to end, and explain each finding
    Doctor,
    #[cfg(feature = "codegen")]
    #[command(about = generate::about())]
    GenerateCentrifugoClients(generate::Arguments),
    /// Print the contract as JSON: methods and the schemas of their types
    #[cfg(feature = "codegen")]
    Contract(contract::Arguments),
}

impl Server {
    /// Runs the command line: serves, or runs the command given as an argument. Returns the exit code for `main`.
    ///
    /// Without an argument it serves, as [`serve`](Self::serve) does. The commands `centrifugo_config`, `token` and
    /// `doctor` help to set up Centrifugo; `--help` explains them. Logs, panics included, go to standard error, at the
    /// level of `RUST_LOG` (default `info`), unless the program has installed its own `tracing` subscriber. Dropping
    /// the future stops at once.
    ///
    /// ```no_run
    /// use std::process::ExitCode;
    ///
    /// use centrifugo_rpc::Server;
    ///
    /// #[tokio::main]
    /// async fn main() -> ExitCode {
    ///     Server::from_env().run().await
    /// }
    /// ```
    pub async fn run(self) -> ExitCode {
        self.command_line(async |server| server.serve_until_signals().await.map(|left| Ended { left, beside: Ok(()) }))
            .await
    }

    /// Runs the command line as [`run`](Self::run) does, with another task beside the worker, such as an HTTP server:
    /// `beside` starts once the worker has joined. It does not run if a command is given.
    ///
    /// The first signal stops both: [`Serving::stopping`] becomes ready, and `beside` has as much time to finish as the
    /// worker, [`shutdown_timeout`](crate::Config#structfield.shutdown_timeout) and 2 s. After that, or at a second
    /// signal, it is dropped. If `beside` ends first, the worker stops as well; if it ends with an error or a panic,
    /// the exit code is 1 and the error is logged. If [`enabled`](crate::Config#structfield.enabled) is false, `beside`
    /// runs alone.
    ///
    /// ```no_run
    /// use std::process::ExitCode;
    ///
    /// use centrifugo_rpc::Server;
    ///
    /// #[tokio::main]
    /// async fn main() -> ExitCode {
    ///     Server::from_env()
    ///         .run_with(async |serving| {
    ///             let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    ///             tracing::info!("listening at {}", listener.local_addr()?);
    ///             // For example `axum::serve(listener, router).with_graceful_shutdown(serving.stopping()).await?`
    ///             serving.stopping().await;
    ///             Ok(())
    ///         })
    ///         .await
    /// }
    /// ```
    pub async fn run_with(self, beside: impl AsyncFnOnce(Serving) -> Result<(), BoxError>) -> ExitCode {
        self.command_line(async |server| server.serve_beside(beside).await).await
    }

    async fn command_line(self, serve: impl AsyncFnOnce(Self) -> Result<Ended, Error>) -> ExitCode {
        let arguments = match Arguments::try_parse() {
            Ok(arguments) => arguments,
            Err(error) => {
                // clap prints help to standard output with code 0, and mistakes to standard error.
                drop(error.print());
                return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(WRONG_USE));
            }
        };
        let log = logging::start(arguments.log_format);
        let done = match arguments.command {
            // Boxed because the future is large and part of every program.
            None => panics::told(Box::pin(serve(self))).await.and_then(|Ended { left, beside }| {
                if left != Some(0) {
                    // The runtime would wait forever for the threads of these handlers, or, if the worker did not even
                    // begin, for the system to find Centrifugo's address.
                    let code = beside.map_or_else(
                        |error| {
                            log.fatal(&error);
                            FAILED
                        },
                        |()| 0,
                    );
                    std::process::exit(code.into());
                }
                beside.map(|()| ExitCode::SUCCESS)
            }),
            Some(command) => command.run(self).await,
        };
        done.unwrap_or_else(|error| {
            log.fatal(&error);
            ExitCode::from(if error.kind() == ErrorKind::Config { WRONG_USE } else { FAILED })
        })
    }
}

impl Command {
    async fn run(self, server: Server) -> Result<ExitCode, Error> {
        match self {
            Self::CentrifugoConfig(options) => print_json(&options.configuration(&config(server)?)?),
            Self::Token { user, ttl, info } => token(&config(server)?, &user, ttl, info.as_deref()),
            Self::Doctor => doctor(&config(server)?).await,
            // The linked program contains all methods: no settings are needed.
            #[cfg(feature = "codegen")]
            Self::GenerateCentrifugoClients(arguments) => generate::run(&arguments, &server.channels()?),
            #[cfg(feature = "codegen")]
            Self::Contract(arguments) => contract::run(&arguments),
        }
    }
}

fn config(server: Server) -> Result<Config, Error> {
    let config = server.into_config()?;
    config.check()?;
    Ok(config)
}

fn print_json(value: &impl serde::Serialize) -> Result<ExitCode, Error> {
    print(serde_json::to_string_pretty(value).map_err(|error| failed("cannot print").because(error))?)
}

fn token(config: &Config, user: &str, ttl: Duration, info: Option<&RawValue>) -> Result<ExitCode, Error> {
    let token = config.connection_token_with(user, ttl, &info)?;
    let channel = longest_reply_channel(&config.reply_namespace, user.len());
    if channel > DEFAULT_MAX_LENGTH {
        tracing::warn!(
            "the user ID has {} bytes, and so the names of its reply channels up to {channel}: Centrifugo's `channel.max_length` must be \
             at least that (`centrifugo_config` prints enough), its default is {}",
            user.len(),
            DEFAULT_MAX_LENGTH
        );
    }
    print(token)
}

/// Prints a line. Returns an error for a closed pipe (`… | head -1`): the pipe is not this program's fault, but
/// nothing was printed.
fn print(text: impl Display) -> Result<ExitCode, Error> {
    let printed = writeln!(io::stdout(), "{text}");
    printed.map(|()| ExitCode::SUCCESS).map_err(|error| failed("cannot print").because(error))
}

fn failed(what: &str) -> Error {
    Error::new(ErrorKind::Other, what)
}

async fn doctor(config: &Config) -> Result<ExitCode, Error> {
    let findings = checks::run(&Centrifugo::new(config)?, Purpose::Doctor, Duration::ZERO).await;
    for Finding { severity, what, detail, fix, .. } in &findings {
        let severity = match severity {
            Severity::Ok => "ok     ",
            Severity::Warning => "warning",
            Severity::Error => "error  ",
        };
        print(format_args!("{severity}  {what}: {detail}"))?;
        if !fix.is_empty() {
            print(format_args!("         fix: {fix}"))?;
        }
    }
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let errors = count(Severity::Error);
    let (warnings, fine) = (count(Severity::Warning), count(Severity::Ok));
    let (errors_, warnings_, checks_) = (plural(errors), plural(warnings), plural(fine));
    print(format_args!(
        "\n{errors} error{errors_}, {warnings} warning{warnings_}, {fine} check{checks_} found nothing wrong"
    ))?;
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn ttl(text: &str) -> Result<Duration, String> {
    let too_long = || Err("a token has at most `100years`".to_owned());
    match humantime::parse_duration(text) {
        Ok(ttl) if ttl < Duration::from_secs(1) => Err("a token needs at least `1s`".to_owned()),
        Ok(ttl) if ttl > MAX_TTL => too_long(),
        Err(humantime::DurationError::NumberOverflow) => too_long(),
        Ok(ttl) => Ok(ttl),
        Err(_) => Err("this is not a duration: write for example `1h`, `30d` or `1h 30m`".to_owned()),
    }
}

fn json_object(text: &str) -> Result<Box<RawValue>, String> {
    let value: Box<RawValue> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if value.get().starts_with('{') { Ok(value) } else { Err("this is not a JSON object".to_owned()) }
}
