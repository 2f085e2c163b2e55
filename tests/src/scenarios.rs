//! The scenarios that every client language passes, and the servers that they run against.
//!
//! Each language has a program that runs the scenarios, prints `ok NAME` or `FAILED NAME: REASON` for each, and exits
//! with 0 if all are ok. With a name as its argument it runs that scenario alone. `tests/clients/README.md` describes
//! the scenarios.

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

/// A Centrifugo behind a proxy, a worker with `scenario_service`, and the control server. Dropping it ends all of them.
#[derive(Debug)]
pub struct Scenarios {
    // Dropped first: the worker is connected to Centrifugo.
    worker: Arc<Process>,
    // Owns Centrifugo.
    control: Control,
    server: Server,
    _dir: TempDir,
}

impl Scenarios {
    /// Starts all three, with the worker at `service`: `env!("CARGO_BIN_EXE_scenario_service")` in a test.
    ///
    /// # Panics
    ///
    /// Panics if one of them does not start.
    pub async fn start(service: &Path) -> Self {
        let config = Config::new(unique("key"), unique("secret"));
        // The scenarios run with the configuration that users are told to use.
        let config = config.centrifugo_config().allow_anonymous().allowed_origins(["*"]);
        let centrifugo = Centrifugo::start(serde_json::to_value(config).expect("JSON")).await;
        let dir = tempfile::tempdir().expect("a temporary directory");
        let log = dir.path().join("runs.log");
        let more = [("DEMO_LOG", &*log.to_string_lossy()), ("SCENARIO_GATES", &*dir.path().to_string_lossy())];
        let worker = Arc::new(worker(service, &centrifugo, &more));
        worker.line("serving").await;
        // Only the callers are behind the proxy: the worker stays connected when the proxy cuts.
        let (proxy, server) = TcpProxy::before(&centrifugo).await;
        let control = Control::start(centrifugo, proxy, Arc::clone(&worker), dir.path().to_owned()).await;
        Self { worker, control, server, _dir: dir }
    }

    /// Returns the environment variables of a scenario program: `SCENARIO_URL`, `SCENARIO_CONTROL`, `SCENARIO_SDK`.
    #[must_use]
    pub fn environment(&self, sdk: &Path) -> Vec<(&'static str, String)> {
        vec![
            ("SCENARIO_URL", self.server.url.clone()),
            ("SCENARIO_CONTROL", self.control.url()),
            ("SCENARIO_SDK", sdk.to_string_lossy().into_owned()),
        ]
    }

    /// Returns the process of the worker.
    #[must_use]
    pub fn worker(&self) -> &Process {
        &self.worker
    }

    /// Returns Centrifugo as seen through the proxy.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }
}

/// Starts the service at `binary` as a worker of `server`. The process prints `serving` when it is ready.
#[must_use]
pub fn worker(binary: &Path, server: &Server, more: &[(&str, &str)]) -> Process {
    let mut command = Command::new(binary);
    toolchain::without_centrifugo_variables(&mut command);
    command.envs(environment(server)).envs(more.iter().copied());
    Process::start(&command, "cargo builds it with the tests")
}
