//! The scenarios that every client language goes through, and what they run against.
//!
//! A language's half is a program: it runs the scenarios, prints `ok NAME` or `FAILED NAME: REASON` for each, and exits with
//! 0 if all are ok. With a name as its argument it runs that one. `tests/clients/README.md` says what each scenario is.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use centrifugo_rpc::Config;
use tempfile::TempDir;

use crate::demo::environment;
use crate::{Centrifugo, Process, Server, TcpProxy, toolchain, unique};

mod control;
mod wire;

pub use control::Control;

/// All scenarios, in the order of the table.
pub const SCENARIOS: &[&str] = &[
    "result",
    "every_error_code",
    "application_error_with_data",
    "unknown_method",
    "invalid_params",
    "params_too_large",
    "timeout",
    "cancel",
    "cancel_before_sending",
    "concurrent_1000",
    "reconnect_by_server",
    "reconnect_after_cut",
    "calls_made_while_disconnected",
    "token_refresh",
    "refused_token",
    "failing_token_function",
    "no_wait",
    "two_clients_of_one_user",
    "close_with_calls_pending",
    "unicode",
    "large_payloads",
    "slow_link",
    "long_user_id",
    "token_words",
    "channel_limit",
    "identity",
    "guard",
    "anonymous",
    "contract_check",
    "overload",
    "on_the_wire",
    "requests_that_go_together",
    "replies_that_change_nothing",
    "replies_without_an_offset",
    "more_replies_than_the_history_keeps",
    "replies_after_a_restart",
    "replies_lost_twice",
    "giving_up",
];

/// A Centrifugo behind a proxy, a worker with `scenario_service`, and the control server. All of it dies with the handle.
#[derive(Debug)]
pub struct Scenarios {
    // Before what it is connected to.
    worker: Arc<Process>,
    // With Centrifugo.
    control: Control,
    server: Server,
    _dir: TempDir,
}

impl Scenarios {
    /// Starts them, with the worker at `service`: `env!("CARGO_BIN_EXE_scenario_service")` in a test.
    ///
    /// # Panics
    ///
    /// When one of them does not start.
    pub async fn start(service: &Path) -> Self {
        let config = Config::new(unique("key"), unique("secret"));
        // What the scenarios need of Centrifugo is what its users are told to configure.
        let config = config.centrifugo_config().allow_anonymous().allowed_origins(["*"]);
        let centrifugo = Centrifugo::start(serde_json::to_value(config).expect("JSON")).await;
        let dir = tempfile::tempdir().expect("a temporary directory");
        let log = dir.path().join("runs.log");
        let more = [("DEMO_LOG", &*log.to_string_lossy()), ("SCENARIO_GATES", &*dir.path().to_string_lossy())];
        let worker = Arc::new(worker(service, &centrifugo, &more));
        worker.line("serving").await;
        // Only the callers are behind it: the worker stays connected when it is cut.
        let (proxy, server) = TcpProxy::before(&centrifugo).await;
        let control = Control::start(centrifugo, proxy, Arc::clone(&worker), dir.path().to_owned()).await;
        Self { worker, control, server, _dir: dir }
    }

    /// The variables of a scenario program: `SCENARIO_URL`, `SCENARIO_CONTROL`, `SCENARIO_SDK`.
    #[must_use]
    pub fn environment(&self, sdk: &Path) -> Vec<(&'static str, String)> {
        vec![
            ("SCENARIO_URL", self.server.url.clone()),
            ("SCENARIO_CONTROL", self.control.url()),
            ("SCENARIO_SDK", sdk.to_string_lossy().into_owned()),
        ]
    }

    /// The worker.
    #[must_use]
    pub fn worker(&self) -> &Process {
        &self.worker
    }

    /// Centrifugo, as it is reached through the proxy.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }
}

/// Starts the service at `binary` as a worker of `server`. It says `serving` once it does.
#[must_use]
pub fn worker(binary: &Path, server: &Server, more: &[(&str, &str)]) -> Process {
    let mut command = Command::new(binary);
    toolchain::without_centrifugo_variables(&mut command);
    command.envs(environment(server)).envs(more.iter().copied());
    Process::start(&command, "cargo builds it with the tests")
}
