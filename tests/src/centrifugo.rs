//! A real Centrifugo, plain or under TLS.

use std::fs;
use std::net::TcpListener;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::Process;
use crate::server::Server;
use crate::tls::Certificates;
use crate::{PATIENCE, config, toolchain};

const GO: &str = "the tests build a real Centrifugo with Go 1.26 or later; install it from your package manager and \
                  run again";

/// The path of a real Centrifugo, built when it is missing or its version changed.
#[must_use]
pub fn binary() -> PathBuf {
    toolchain::go_program("centrifugo", "github.com/centrifugal/centrifugo/v6", GO)
}

/// A running Centrifugo of one test, killed when dropped.
///
/// Dereferences to its [`Server`].
#[derive(Debug)]
pub struct Centrifugo {
    server: Server,
    config: Value,
    port: u16,
    process: Option<Process>,
    ca: Option<Ca>,
}

#[derive(Debug)]
struct Ca {
    dir: TempDir,
    certificates: Certificates,
}

impl Centrifugo {
    /// Starts a Centrifugo with the options of the protocol.
    pub async fn start_default() -> Self {
        Self::start(config::protocol()).await
    }

    /// Starts a Centrifugo with `config`, which must have a token secret and an API key, on a free port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// Panics with the output of Centrifugo if it does not become healthy.
    pub async fn start(config: Value) -> Self {
        Self::start_on_a_free_port(config, None).await
    }

    /// Starts a Centrifugo under TLS, with a certificate for `localhost` signed by a private authority of its own.
    pub async fn start_tls(config: Value) -> Self {
        let ca = Ca { dir: tempdir(), certificates: Certificates::for_localhost() };
        write(&ca.dir.path().join("ca.pem"), &ca.certificates.ca);
        Self::start_on_a_free_port(config, Some(ca)).await
    }

    async fn start_on_a_free_port(config: Value, ca: Option<Ca>) -> Self {
        for _ in 0..5 {
            let port = free_port();
            let host = if ca.is_some() { format!("localhost:{port}") } else { format!("127.0.0.1:{port}") };
            let server = Server::at(&host, &config, ca.as_ref().map(|ca| ca.certificates.ca.as_str()));
            match run(&server, &config, port, ca.as_ref()).await {
                Ok(process) => {
                    return Self { server, config, port, process: Some(process), ca };
                }
                // Another process took the port after the check and before Centrifugo bound it.
                Err(printed) if printed.contains("address already in use") => {}
                Err(printed) => panic!("Centrifugo did not become healthy; it printed:\n{printed}"),
            }
        }
        panic!("five ports in a row were taken between finding them free and using them");
    }

    /// Returns the address and the credentials of the server.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Returns the port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the path of the authority's certificate, under TLS.
    ///
    /// # Panics
    ///
    /// Panics if the server was not started with [`Centrifugo::start_tls`].
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.ca.as_ref().expect("a Centrifugo under TLS").dir.path().join("ca.pem")
    }

    /// Kills the server as a crash would. Its memory is lost.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Kills the server, if it still runs, and starts it on the same port with an empty memory.
    ///
    /// # Panics
    ///
    /// Panics with the output of Centrifugo if it does not become healthy again.
    pub async fn restart(&mut self) {
        self.kill();
        let started = run(&self.server, &self.config, self.port, self.ca.as_ref()).await;
        let process = started.unwrap_or_else(|printed| panic!("Centrifugo did not come back; it printed:\n{printed}"));
        self.process = Some(process);
    }

    /// Freezes the server: connections stay open and get no answers.
    pub fn pause(&self) {
        self.process().pause();
    }

    /// Ends [`Centrifugo::pause`].
    pub fn resume(&self) {
        self.process().signal("CONT");
    }

    /// Returns the process of the server.
    ///
    /// # Panics
    ///
    /// Panics if the server was killed.
    #[must_use]
    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("a Centrifugo that was not killed")
    }
}

impl Deref for Centrifugo {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

/// Runs Centrifugo until it is healthy. On failure returns its output: it exited, or the time was up.
async fn run(server: &Server, config: &Value, port: u16, ca: Option<&Ca>) -> Result<Process, String> {
    // Centrifugo reads the directory only at its start. Dropping it here lets a server that all tests of a binary share
    // leave nothing behind.
    let dir = tempdir();
    let file = dir.path().join("config.json");
    write(&file, &with_port(config, port, dir.path(), ca).to_string());

    let mut command = Command::new(binary());
    toolchain::without_centrifugo_variables(&mut command);
    command.arg("--config").arg(&file).current_dir(dir.path());
    let process = Process::start(&command, GO);
    let healthy = tokio::time::timeout(PATIENCE, async {
        // The API key belongs to this server alone, so that a neighbour on the same port is not mistaken for it.
        while process.exited().is_none() {
            if server.api().try_post("info", "{}".to_owned()).await.is_ok_and(|answer| answer.status == 200) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    });
    match healthy.await {
        Ok(true) => Ok(process),
        Ok(false) => Err(process.ended().await.lines.join("\n")),
        Err(_) => Err(process.printed()),
    }
}

fn with_port(config: &Value, port: u16, dir: &Path, ca: Option<&Ca>) -> Value {
    let mut changes = json!({
        "http_server": {"address": "127.0.0.1", "port": port},
        "health": {"enabled": true},
        "usage_stats": {"disabled": true},
    });
    if let Some(ca) = ca {
        let (certificate, key) = (dir.join("certificate.pem"), dir.join("key.pem"));
        write(&certificate, &ca.certificates.certificate);
        write(&key, &ca.certificates.key);
        changes["http_server"]["tls"] = json!({"enabled": true, "cert_pem": certificate, "key_pem": key});
    }
    config::with(config.clone(), changes)
}

/// Finds an unused port. The port is outside of the range from which the system picks ports for outgoing connections,
/// so that it is still free when a killed server starts again.
#[must_use]
pub fn free_port() -> u16 {
    loop {
        let bytes = uuid::Uuid::new_v4().into_bytes();
        let port = 12_000 + u16::from_le_bytes([bytes[0], bytes[1]]) % 20_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn tempdir() -> TempDir {
    tempfile::tempdir().unwrap_or_else(|error| panic!("cannot create a temporary directory: {error}"))
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}
