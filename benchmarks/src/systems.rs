//! The compared systems, each with processes of its own.

use std::ops::Add;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tests::{Centrifugo, Demo, Process, Server, config, example, scenarios, toolchain, unique};

use crate::measure::{Measured, Target, Usage, counting, http_requests, usage};
use crate::nats;

/// A running system, ready to be called.
pub(crate) struct System {
    pub(crate) name: &'static str,
    pub(crate) target: Target,
    backends: Vec<Backend>,
    centrifugo: Option<Centrifugo>,
    /// A server in between that is not a Centrifugo.
    broker: Option<Process>,
}

enum Backend {
    Demo(Demo),
    Other(Process),
}

impl Backend {
    fn pid(&self) -> u32 {
        match self {
            Self::Demo(demo) => demo.pid(),
            Self::Other(process) => process.pid(),
        }
    }
}

/// The resources that a system has used since its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    pub(crate) backend: Usage,
    pub(crate) centrifugo: Usage,
    pub(crate) http_requests: u64,
}

impl Measured<Used> {
    pub(crate) fn backend_cpu_us_per_call(&self) -> f64 {
        let (before, after) = self.usage;
        (after.backend - before.backend).cpu.as_secs_f64() * 1e6 / self.count()
    }

    pub(crate) fn centrifugo_cpu_us_per_call(&self) -> f64 {
        let (before, after) = self.usage;
        (after.centrifugo - before.centrifugo).cpu.as_secs_f64() * 1e6 / self.count()
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub(crate) fn http_requests_per_call(&self) -> f64 {
        let (before, after) = self.usage;
        (after.http_requests - before.http_requests) as f64 / self.count()
    }

    #[expect(clippy::cast_precision_loss, reason = "calls are counted in millions")]
    fn count(&self) -> f64 {
        self.calls as f64
    }
}

/// Our system, the divisor of all others.
pub(crate) const OURS: &str = "centrifugo-rpc";
pub(crate) const FLOOR: &str = "bare worker";
/// Our system without batching: callers get a publication for each reply.
pub(crate) const OURS_APART: &str = "centrifugo-rpc, apart";
pub(crate) const FLOOR_APART: &str = "bare worker, apart";
/// The names of a system that is measured with two settings; the better one counts.
pub(crate) const HTTP_PROXY: [&str; 2] = ["HTTP proxy", "HTTP proxy, 64"];
pub(crate) const GRPC_PROXY: [&str; 2] = ["gRPC proxy", "gRPC proxy, 64"];

const JSONRPSEE: &str = "jsonrpsee";
const NATS: &str = "NATS";

impl System {
    /// Starts the wanted systems. An idle system uses next to nothing.
    pub(crate) async fn start(wanted: impl Fn(&str) -> bool) -> Vec<Self> {
        let mut all = Vec::new();
        for (name, batch) in [(OURS, true), (OURS_APART, false)] {
            if wanted(name) {
                all.push(Self::demo(name, batch, 1).await);
            }
        }
        for (name, batch) in [(FLOOR, true), (FLOOR_APART, false)] {
            if wanted(name) {
                all.push(Self::floor(name, batch).await);
            }
        }
        for (names, backend, scheme) in [(HTTP_PROXY, "axum", "http"), (GRPC_PROXY, "tonic", "grpc")] {
            for (name, concurrency) in names.into_iter().zip([0, 64]) {
                if wanted(name) {
                    all.push(Self::proxy(name, backend, scheme, concurrency).await);
                }
            }
        }
        if wanted(JSONRPSEE) {
            all.push(Self::jsonrpsee().await);
        }
        if wanted(NATS) {
            all.push(Self::nats().await);
        }
        all
    }

    /// Starts `workers` demo services, on a Centrifugo with the configuration that the demo prints.
    pub(crate) async fn ours(workers: usize) -> Self {
        Self::demo(OURS, true, workers).await
    }

    /// As [`ours`](Self::ours), for callers that get a publication for each reply.
    pub(crate) async fn ours_apart() -> Self {
        Self::demo(OURS_APART, false, 1).await
    }

    async fn demo(name: &'static str, batch: bool, workers: usize) -> Self {
        let centrifugo = Centrifugo::start(printed_config()).await;
        let mut backends = Vec::new();
        for _ in 0..workers {
            backends.push(Backend::Demo(Demo::start(&centrifugo).await));
        }
        let target = Target::Publish { server: centrifugo.server().clone(), batch };
        Self { backends, ..Self::of(name, target, None, Some(centrifugo)) }
    }

    /// Starts another program with our library.
    pub(crate) async fn worker(program: &Path) -> Self {
        let centrifugo = Centrifugo::start(printed_config()).await;
        let process = scenarios::worker(program, &centrifugo, &[]);
        process.line("serving").await;
        let target = Target::Publish { server: centrifugo.server().clone(), batch: true };
        Self::of(OURS, target, process, Some(centrifugo))
    }

    /// Starts the bare worker, without our library. It cannot recover, so Centrifugo must not disconnect it when
    /// requests pile up.
    async fn floor(name: &'static str, batch: bool) -> Self {
        let patient = json!({"client": {"queue_max_size": 268_435_456}});
        let centrifugo = Centrifugo::start(config::with(printed_config(), patient)).await;
        let server = centrifugo.server();
        let token = |channel: Option<&str>| match channel {
            None => server.tokens().connection("worker"),
            Some(channel) => server.tokens().subscription("worker", channel),
        };
        let args = [&server.url, &server.api_url, &server.api_key, &token(None), &token(Some("rpc:requests"))];
        let (process, _) = backend("floor", &args.map(String::as_str)).await;
        Self::of(name, Target::Publish { server: server.clone(), batch }, process, Some(centrifugo))
    }

    /// Starts Centrifugo's own RPC, with a backend behind the proxy.
    pub(crate) async fn proxy(name: &'static str, kind: &str, scheme: &str, concurrency: u32) -> Self {
        let (process, address) = backend(kind, &[]).await;
        let path = if scheme == "http" { "/rpc" } else { "" };
        let own = json!({
            "client": {
                "token": {"hmac_secret_key": unique("secret")},
                "allowed_origins": ["*"],
                "concurrency": concurrency,
                "queue_max_size": 16_777_216,
            },
            "http_api": {"key": unique("key")},
            "rpc": {
                // As long as the worker's timeout, because the waiting is part of the measurement.
                "proxy": {"endpoint": format!("{scheme}://{address}{path}"), "timeout": "30s"},
                "without_namespace": {"proxy_enabled": true},
            },
        });
        let centrifugo = Centrifugo::start(config::with(own, counting())).await;
        Self::of(name, Target::Rpc(centrifugo.server().clone()), process, Some(centrifugo))
    }

    /// Starts JSON-RPC without a Centrifugo: the backend holds the connections itself.
    async fn jsonrpsee() -> Self {
        let (process, address) = backend("jsonrpsee", &[]).await;
        Self::of(JSONRPSEE, Target::JsonRpc(format!("ws://{address}/")), process, None)
    }

    /// Starts NATS without a Centrifugo: callers use its protocol directly.
    async fn nats() -> Self {
        let (server, address) = nats::start().await;
        let (process, _) = backend("nats", &[&address]).await;
        Self { broker: Some(server), ..Self::of(NATS, Target::Nats(address), process, None) }
    }

    fn of(
        name: &'static str,
        target: Target,
        backend: impl Into<Option<Process>>,
        centrifugo: Option<Centrifugo>,
    ) -> Self {
        let backends = backend.into().map(Backend::Other).into_iter().collect();
        Self { name, target, backends, centrifugo, broker: None }
    }

    /// Returns the Centrifugo of the system.
    pub(crate) fn server(&self) -> &Server {
        self.centrifugo.as_ref().expect("a system with a Centrifugo").server()
    }

    /// Returns the usage of all processes. A broker other than Centrifugo counts as the Centrifugo.
    pub(crate) async fn usage(&self) -> Used {
        let between = self.centrifugo.as_ref().map(Centrifugo::process).or(self.broker.as_ref());
        let requests = match &self.centrifugo {
            Some(centrifugo) => http_requests(centrifugo).await,
            None => 0,
        };
        Used {
            backend: self.backends.iter().map(|backend| usage(backend.pid())).fold(Usage::default(), Add::add),
            centrifugo: between.map(|process| usage(process.pid())).unwrap_or_default(),
            http_requests: requests,
        }
    }
}

/// Returns the configuration that users are told to run, with the metrics that the benchmarks count.
fn printed_config() -> Value {
    let mut command = example::command("demo");
    let server = Server::at("127.0.0.1:8000", &config::protocol(), None);
    command.arg("centrifugo_config").envs(tests::demo::environment(&server));
    let output = command.output().expect("the demo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = serde_json::from_slice(&output.stdout).expect("centrifugo_config prints JSON");
    config::with(config::with(printed, json!({"client": {"allowed_origins": ["*"]}})), counting())
}

/// Starts the backend `name`, and returns the address that it listens on.
async fn backend(name: &str, args: &[&str]) -> (Process, String) {
    let mut command = Command::new(toolchain::program("benchmarks", "bin", "backend"));
    command.arg(name).args(args);
    let process = Process::start(&command, "cargo has built it");
    let line = process.line("serving").await;
    let address = line.trim_start_matches("serving").trim().to_owned();
    (process, address)
}
