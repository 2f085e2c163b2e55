//! A network that fails on demand: a TCP proxy in front of a server.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::centrifugo::free_port;
use crate::server::Server;
use crate::within;

/// A TCP proxy on 127.0.0.1. All its connections end when it is dropped.
#[derive(Debug)]
pub struct TcpProxy {
    addr: SocketAddr,
    network: watch::Sender<Network>,
    listening: watch::Receiver<bool>,
}

/// The state of the network.
#[derive(Debug, Clone)]
struct Network {
    accepting: bool,
    black_hole: bool,
    delay: Duration,
    /// The limit in bytes per second towards callers; 0 means no limit.
    rate: u32,
    /// Counts the cuts. A connection belongs to one generation.
    generation: u64,
}

impl TcpProxy {
    /// Forwards every connection to `target`, such as `127.0.0.1:8000`.
    pub async fn start(target: &str) -> Self {
        let addr = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let network = Network { accepting: true, black_hole: false, delay: Duration::ZERO, rate: 0, generation: 0 };
        let (network, weather) = watch::channel(network);
        let (listens, listening) = watch::channel(false);
        tokio::spawn(listen(addr, target.to_owned(), weather, listens));
        let proxy = Self { addr, network, listening };
        proxy.until_listening(true).await;
        proxy
    }

    /// Starts a proxy in front of `server`. Returns it with the server as seen through the proxy, which carries the
    /// API, too.
    pub async fn before(server: &Server) -> (Self, Server) {
        let (scheme, rest) = server.url.split_once("://").expect("a URL has a scheme");
        let (host, path) = rest.split_once('/').expect("a URL has a path");
        let proxy = Self::start(host).await;
        // The name stays, because certificates are issued for it.
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let through = format!("{name}:{}", proxy.addr.port());
        let url = format!("{scheme}://{through}/{path}");
        let api_url = server.api_url.replacen(host, &through, 1);
        (proxy, Server { url, api_url, ..server.clone() })
    }

    /// Returns the address that the proxy listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Breaks all connections, as a network failure does. New connections are still accepted.
    pub fn cut(&self) {
        self.network.send_modify(|network| network.generation += 1);
    }

    /// Refuses new connections from now on. Existing connections stay.
    pub async fn refuse(&self) {
        self.network.send_modify(|network| network.accepting = false);
        self.until_listening(false).await;
    }

    /// Accepts connections again.
    pub async fn accept(&self) {
        self.network.send_modify(|network| network.accepting = true);
        self.until_listening(true).await;
    }

    /// Holds all data back while all connections look alive. With `false`, the held data arrives.
    pub fn black_hole(&self, on: bool) {
        self.network.send_modify(|network| network.black_hole = on);
    }

    /// Delays all data by `delay` from now on.
    pub fn delay(&self, delay: Duration) {
        self.network.send_modify(|network| network.delay = delay);
    }

    /// Limits the rate towards each caller to this many bytes per second from now on; 0 removes the limit.
    pub fn throttle(&self, bytes_per_second: u32) {
        self.network.send_modify(|network| network.rate = bytes_per_second);
    }

    async fn until_listening(&self, on: bool) {
        let mut listening = self.listening.clone();
        let heard = within("the proxy to obey", listening.wait_for(|now| *now == on)).await;
        heard.expect("the proxy runs as long as its handle");
    }
}

async fn listen(addr: SocketAddr, target: String, mut weather: watch::Receiver<Network>, listens: watch::Sender<bool>) {
    while weather.wait_for(|network| network.accepting).await.is_ok() {
        let listener = match TcpListener::bind(addr).await {
            Ok(listener) => listener,
            Err(error) => panic!("the proxy cannot listen on {addr}: {error}"),
        };
        listens.send_replace(true);
        let carried = weather.clone();
        loop {
            tokio::select! {
                refusing = weather.wait_for(|network| !network.accepting) => {
                    if refusing.is_err() {
                        return;
                    }
                    break;
                }
                accepted = listener.accept() => {
                    if let Ok((client, _)) = accepted {
                        tokio::spawn(carry(client, target.clone(), carried.clone()));
                    }
                }
            }
        }
        drop(listener);
        listens.send_replace(false);
    }
}

async fn carry(client: TcpStream, target: String, mut weather: watch::Receiver<Network>) {
    let born = weather.borrow().generation;
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    // Latency is measured through this proxy, too.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (up, down) = (weather.clone(), weather.clone());
    tokio::select! {
        // Each direction ends separately, so that data that a server sends before it closes still arrives.
        _ = async {
            tokio::join!(
                pump(&mut from_client, &mut to_server, up, false),
                pump(&mut from_server, &mut to_client, down, true),
            )
        } => {}
        _ = weather.wait_for(|network| network.generation != born) => {}
    }
}

async fn pump(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    mut weather: watch::Receiver<Network>,
    is_down: bool,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let rate = weather.borrow().rate;
        if is_down && rate > 0 {
            let length = u32::try_from(length).unwrap_or(u32::MAX);
            tokio::time::sleep(Duration::from_secs(length.into()) / rate).await;
        }
        let delay = weather.borrow().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if weather.wait_for(|network| !network.black_hole).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
    // The peer may have closed already.
    let _ = to.shutdown().await;
}
