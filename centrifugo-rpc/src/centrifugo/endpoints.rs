//! Listen addresses for Centrifugo that match a worker's two URLs.

use std::path::PathBuf;

use url::Url;

use super::server_config::{CentrifugoConfig, HttpServerOptions, TlsOptions};
use crate::config::Config;
use crate::error::{Error, shown_url};
use crate::sdk::tls::is_encrypted;

/// Centrifugo's default paths.
const WEBSOCKET_PATH: &str = "/connection/websocket";
const API_PATH: &str = "/api";
const HEALTH_PATH: &str = "/health";

/// The server behind the URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Front {
    /// Centrifugo itself, without TLS.
    Plain,
    /// Centrifugo itself, with these files if a URL has TLS.
    Tls { certificate: PathBuf, key: PathBuf },
    /// A proxy, at each URL that has TLS or no explicit port.
    Proxy,
}

/// One of the two URLs.
struct Endpoint {
    /// The name of its variable.
    name: &'static str,
    shown: String,
    encrypted: bool,
    /// The port that Centrifugo listens on for this URL, if it can be known.
    port: Option<u16>,
    path: String,
}

impl Endpoint {
    fn new(name: &'static str, url: &str, front: &Front) -> Result<Self, String> {
        let shown = shown_url(url);
        let url = Url::parse(url).map_err(|error| format!("{name} is not a URL: {error}"))?;
        let encrypted = matches!(url.scheme(), "wss" | "https");
        let port = match front {
            Front::Proxy if encrypted => None,
            Front::Proxy => url.port(),
            Front::Plain | Front::Tls { .. } => url.port_or_known_default(),
        };
        Ok(Self { name, shown, encrypted, port, path: url.path().to_owned() })
    }
}

/// Makes `config` listen at the URLs of `worker`.
///
/// # Errors
///
/// All settings that cannot be derived, with the manual fix of each.
pub(super) fn listen(config: &mut CentrifugoConfig, worker: &Config, front: &Front) -> Result<(), Error> {
    let socket = Endpoint::new("CENTRIFUGO_URL", &worker.centrifugo_url, front).map_err(Error::config)?;
    let api = Endpoint::new("CENTRIFUGO_API_URL", &worker.centrifugo_api_url, front).map_err(Error::config)?;
    let problems = problems(&socket, &api, front);
    match &problems[..] {
        [] => {}
        [problem] => return Err(Error::config(format!("no configuration of Centrifugo fits: {problem}"))),
        many => {
            return Err(Error::config(format!("no configuration of Centrifugo fits:\n  - {}", many.join("\n  - "))));
        }
    }
    apply(config, &socket, &api, front);
    Ok(())
}

/// Makes `config` listen at the URLs of `worker` without asking: a URL with TLS belongs to a proxy, and impossible
/// settings are left alone.
pub(super) fn listen_if_possible(config: &mut CentrifugoConfig, worker: &Config) {
    let encrypted = [&worker.centrifugo_url, &worker.centrifugo_api_url].map(|url| is_encrypted(url));
    let front = if encrypted.contains(&true) { Front::Proxy } else { Front::Plain };
    let socket = Endpoint::new("CENTRIFUGO_URL", &worker.centrifugo_url, &front);
    let api = Endpoint::new("CENTRIFUGO_API_URL", &worker.centrifugo_api_url, &front);
    if let (Ok(socket), Ok(api)) = (socket, api) {
        apply(config, &socket, &api, &front);
    }
}

fn problems(socket: &Endpoint, api: &Endpoint, front: &Front) -> Vec<String> {
    let mut problems = Vec::new();
    for Endpoint { name, shown, encrypted, path, .. } in [socket, api] {
        if *encrypted && *front == Front::Plain {
            problems.push(format!(
                "{name} is `{shown}`, and it is not known who speaks TLS there: add `--behind-proxy` if a proxy does, or \
                 `--tls-cert FILE --tls-key FILE` if Centrifugo does"
            ));
        }
        let plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b)) && !path.contains("//");
        if !plain {
            problems.push(format!(
                "{name} is `{shown}`, and Centrifugo cannot listen at such a path: use letters, digits, `-`, `_`, `.` and `~`, \
                 with single slashes"
            ));
        }
    }
    if socket.path.len() > 1 && socket.path.ends_with('/') {
        problems.push(format!("{} is `{}`, and Centrifugo has no `/` at the end there", socket.name, socket.shown));
    }
    if matches!(front, Front::Tls { .. }) && !socket.encrypted && !api.encrypted {
        problems.push(
            "there is a certificate, but neither CENTRIFUGO_URL nor CENTRIFUGO_API_URL has TLS: write `wss://` or `https://` \
             where it is to be used"
                .to_owned(),
        );
    }
    if share_a_port(socket, api) {
        if socket.encrypted != api.encrypted && *front != Front::Proxy {
            problems.push(format!(
                "{} and {} share a port, and only one has TLS: give them two ports, or TLS to both",
                socket.name, api.name
            ));
        }
        if socket.path == api_prefix(api) {
            problems.push(format!("{} and {} are the same path of the same port", socket.name, api.name));
        }
    }
    problems
}

fn share_a_port(socket: &Endpoint, api: &Endpoint) -> bool {
    match (socket.port, api.port) {
        (Some(socket), Some(api)) => socket == api,
        _ => true,
    }
}

/// The prefix of the API's methods, without a trailing slash: methods are below it, after a single slash.
fn api_prefix(api: &Endpoint) -> &str {
    match api.path.trim_end_matches('/') {
        "" => "/",
        path => path,
    }
}

fn apply(config: &mut CentrifugoConfig, socket: &Endpoint, api: &Endpoint, front: &Front) {
    let server = &mut config.http_server;
    server.port = socket.port.or(api.port);
    let shared = share_a_port(socket, api);
    if !shared {
        server.internal_port = api.port.map(|port| port.to_string()).unwrap_or_default();
    }
    if let Front::Tls { certificate, key } = front {
        let pem = |file: &PathBuf| file.to_string_lossy().into_owned();
        let tls = TlsOptions { enabled: true, cert_pem: pem(certificate), key_pem: pem(key) };
        apply_tls(server, tls, socket.encrypted, shared || api.encrypted);
    }
    let unless = |default: &str, path: &str| if path == default { String::new() } else { path.to_owned() };
    config.websocket.handler_prefix = unless(WEBSOCKET_PATH, &socket.path);
    config.http_api.handler_prefix = unless(API_PATH, api_prefix(api));
    // The health endpoint is on the API's port, and no other endpoint there may have its path.
    config.health.enabled = api_prefix(api) != HEALTH_PATH && !(shared && socket.path == HEALTH_PATH);
}

fn apply_tls(server: &mut HttpServerOptions, tls: TlsOptions, socket: bool, api: bool) {
    if !socket {
        server.internal_tls = tls;
        return;
    }
    server.tls = tls;
    // By default both ports have TLS.
    server.tls_external = !api;
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn listening(socket: &str, api: &str, front: &Front) -> Result<Value, String> {
        let worker = Config::new("key", "secret").centrifugo_url(socket).centrifugo_api_url(api);
        let mut config = CentrifugoConfig::default();
        listen(&mut config, &worker, front).map_err(|error| error.to_string())?;
        let mut config = serde_json::to_value(config).expect("JSON");
        assert_eq!(config["health"].take(), json!({ "enabled": true }));
        config.as_object_mut().expect("an object").remove("health");
        Ok(config)
    }

    fn tls() -> Front {
        Front::Tls { certificate: "c.pem".into(), key: "k.pem".into() }
    }

    #[test]
    fn ports_and_paths_follow_the_urls() {
        let fits = |socket, api, expected| assert_eq!(listening(socket, api, &Front::Plain), Ok(expected));
        fits(
            "ws://localhost:8000/connection/websocket",
            "http://localhost:8000/api",
            json!({ "http_server": { "port": 8000 } }),
        );
        fits(
            "ws://h/rt/ws",
            "http://h:9000/internal/api/",
            json!({
                "http_server": { "port": 80, "internal_port": "9000" },
                "websocket": { "handler_prefix": "/rt/ws" },
                "http_api": { "handler_prefix": "/internal/api" },
            }),
        );
        fits(
            "ws://h:1/",
            "http://h:2",
            json!({
                "http_server": { "port": 1, "internal_port": "2" },
                "websocket": { "handler_prefix": "/" },
                "http_api": { "handler_prefix": "/" },
            }),
        );
    }

    #[test]
    fn tls_is_where_the_urls_have_it() {
        let (certificate, path) =
            (json!({ "enabled": true, "cert_pem": "c.pem", "key_pem": "k.pem" }), "/connection/websocket");
        for (socket, api, expected) in [
            ("wss://h", "https://h/api", json!({ "port": 443, "tls": certificate })),
            ("wss://h:1", "https://h:2/api", json!({ "port": 1, "internal_port": "2", "tls": certificate })),
            (
                "wss://h:1",
                "http://h:2/api",
                json!({ "port": 1, "internal_port": "2", "tls": certificate, "tls_external": true }),
            ),
            ("ws://h:1", "https://h:2/api", json!({ "port": 1, "internal_port": "2", "internal_tls": certificate })),
        ] {
            let seen = listening(&format!("{socket}{path}"), api, &tls());
            assert_eq!(seen, Ok(json!({ "http_server": expected })), "{socket} {api}");
        }
        // The proxy listens on the port of the first URL, Centrifugo on that of the second.
        let seen = listening("wss://rt.example.com/connection/websocket", "http://centrifugo:8010/api", &Front::Proxy);
        assert_eq!(seen, Ok(json!({ "http_server": { "port": 8010 } })));
        let seen = listening("wss://rt.example.com/connection/websocket", "https://rt.example.com/api", &Front::Proxy);
        assert_eq!(seen, Ok(json!({})));
    }

    #[test]
    fn what_cannot_fit_is_refused_with_what_to_do() {
        for (socket, api, front, part) in [
            ("wss://h/ws", "https://h/api", Front::Plain, "CENTRIFUGO_API_URL is `https://h/api`, and it is not known"),
            ("wss://h/ws", "http://h/api", Front::Plain, "--behind-proxy"),
            ("wss://h:1/ws", "http://h:1/api", tls(), "share a port"),
            ("ws://h:1/ws", "http://h:1/api", tls(), "`wss://`"),
            ("ws://h:1/api", "http://h:1/api/", Front::Plain, "same path"),
            ("ws://h:1/ws/", "http://h:1/api", Front::Plain, "no `/` at the end"),
            ("ws://h:1/w%20s", "http://h:1/api", Front::Plain, "such a path"),
        ] {
            let problem = listening(socket, api, &front).expect_err(socket);
            assert!(problem.contains(part), "{part} in {problem}");
        }
    }
}
