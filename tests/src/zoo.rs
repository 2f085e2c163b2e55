//! The type zoo: a Centrifugo with `zoo_service` as its worker, and the drivers of all languages.
//!
//! A driver is a program that Rust writes, for the client that is generated from the service. For each type it takes every value
//! from the service and gives it back as it is, and takes what must be refused; it prints `ok TYPE` or `FAILED TYPE: REASON`.

use std::path::Path;
use std::process::Command;

use centrifugo_rpc::Config;
use serde::Deserialize;

use crate::scenarios::worker;
use crate::{Centrifugo, Process, toolchain, unique};

pub mod drivers;

/// What `zoo_service list` prints.
#[derive(Debug, Clone, Deserialize)]
pub struct List {
    /// The types.
    pub types: Vec<Animal>,
    /// Methods with hostile names, each of which answers its name.
    pub methods: Vec<String>,
}

/// A type of the zoo.
#[derive(Debug, Clone, Deserialize)]
pub struct Animal {
    /// `integers` of `zoo.get_integers`.
    pub name: String,
    /// The method that answers a value.
    pub get: String,
    /// The method that takes it back, and answers whether it is the same.
    pub check: String,
    /// The method that answers what is none of the type's values.
    pub refused: String,
    /// The type of `check`'s params, such as `CheckIntegers`.
    pub check_type: String,
    /// How many values there are.
    pub cases: usize,
    /// What is refused.
    pub refusals: Vec<String>,
    /// It looks different in params.
    pub split: bool,
}

impl List {
    /// Asks the program at `service`.
    ///
    /// # Panics
    ///
    /// When it fails.
    #[must_use]
    pub fn of(service: &Path) -> Self {
        let output = Command::new(service).arg("list").output().expect("cargo builds it with the tests");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }
}

/// A running zoo. It dies with its handle.
#[derive(Debug)]
pub struct Zoo {
    // Before what it is connected to.
    worker: Process,
    centrifugo: Centrifugo,
}

impl Zoo {
    /// Starts one with the worker at `service`: `env!("CARGO_BIN_EXE_zoo_service")` in a test.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start(service: &Path) -> Self {
        let config = Config::new(unique("key"), unique("secret")).centrifugo_config().allowed_origins(["*"]);
        let centrifugo = Centrifugo::start(serde_json::to_value(config).expect("JSON")).await;
        let worker = worker(service, &centrifugo, &[]);
        worker.line("serving").await;
        Self { worker, centrifugo }
    }

    /// Runs a driver: `ZOO_URL` and `ZOO_TOKEN`, a token of the user `keeper`, are the way to Centrifugo.
    #[must_use]
    pub fn run(&self, command: &mut Command) -> Process {
        toolchain::without_centrifugo_variables(command);
        command.env("ZOO_URL", &self.centrifugo.url).env("ZOO_TOKEN", self.centrifugo.tokens().connection("keeper"));
        Process::start(command, "the tests installed it before")
    }

    /// What the worker says of values that came back as others.
    #[must_use]
    pub fn changed(&self) -> Vec<String> {
        self.worker.lines().into_iter().filter(|line| line.starts_with("case ")).collect()
    }
}
