//! The type zoo: a Centrifugo with `zoo_service` as its worker, and the drivers of all languages.
//!
//! A driver is a program that the tests generate for the client of one language. For each type, the driver gets every
//! value from the service and sends it back unchanged, and tries the values that must be refused. It prints `ok TYPE`
//! or `FAILED TYPE: REASON`.

use std::path::Path;
use std::process::Command;

use centrifugo_rpc::Config;
use serde::Deserialize;

use crate::scenarios::worker;
use crate::{Centrifugo, Process, toolchain, unique};

pub mod drivers;

/// The output of `zoo_service list`.
#[derive(Debug, Clone, Deserialize)]
pub struct List {
    /// The types.
    pub types: Vec<Animal>,
    /// Methods with hostile names. Each returns its own name.
    pub methods: Vec<String>,
}

/// A type of the zoo.
#[derive(Debug, Clone, Deserialize)]
pub struct Animal {
    /// The name, such as `integers` in `zoo.get_integers`.
    pub name: String,
    /// The method that returns a value.
    pub get: String,
    /// The method that takes the value back, and returns whether it is unchanged.
    pub check: String,
    /// The method that returns JSON that is not a value of the type.
    pub refused: String,
    /// The type of the params of `check`, such as `CheckIntegers`.
    pub check_type: String,
    /// The number of values.
    pub cases: usize,
    /// The values that must be refused.
    pub refusals: Vec<String>,
    /// Whether the type differs in params.
    pub split: bool,
}

impl List {
    /// Runs the program at `service` with `list`.
    ///
    /// # Panics
    ///
    /// Panics if it fails.
    #[must_use]
    pub fn of(service: &Path) -> Self {
        let output = Command::new(service).arg("list").output().expect("cargo builds it with the tests");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }
}

/// A running zoo, stopped when dropped.
#[derive(Debug)]
pub struct Zoo {
    // Dropped first: the worker is connected to Centrifugo.
    worker: Process,
    centrifugo: Centrifugo,
}

impl Zoo {
    /// Starts a zoo with the worker at `service`: `env!("CARGO_BIN_EXE_zoo_service")` in a test.
    ///
    /// # Panics
    ///
    /// Panics if it does not start.
    pub async fn start(service: &Path) -> Self {
        let config = Config::new(unique("key"), unique("secret")).centrifugo_config().allowed_origins(["*"]);
        let centrifugo = Centrifugo::start(serde_json::to_value(config).expect("JSON")).await;
        let worker = worker(service, &centrifugo, &[]);
        worker.line("serving").await;
        Self { worker, centrifugo }
    }

    /// Runs a driver. The variables `ZOO_URL` and `ZOO_TOKEN`, a token of the user `keeper`, connect it to Centrifugo.
    #[must_use]
    pub fn run(&self, command: &mut Command) -> Process {
        toolchain::without_centrifugo_variables(command);
        command.env("ZOO_URL", &self.centrifugo.url).env("ZOO_TOKEN", self.centrifugo.tokens().connection("keeper"));
        Process::start(command, "the tests installed it before")
    }

    /// Returns the worker's reports of values that came back changed.
    #[must_use]
    pub fn changed(&self) -> Vec<String> {
        self.worker.lines().into_iter().filter(|line| line.starts_with("case ")).collect()
    }
}
