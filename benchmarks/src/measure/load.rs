//! A load that is the same for every system: connections that keep a number of calls in flight, each in a task of its
//! own on one thread.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::str::FromStr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hdrhistogram::Histogram;
use tokio::task::{JoinSet, LocalSet};

use super::socket::Socket;
use super::wire::{Target, Wire};

/// The timeout of calls still in flight when a measurement is over: far longer than such calls take.
const LAST_CALLS: Duration = Duration::from_secs(60);

/// A number of connections, and the calls in flight on each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// The number of connections, each with a user of its own.
    pub connections: usize,
    /// The number of calls that each connection keeps in flight.
    pub in_flight: usize,
}

impl Shape {
    /// Creates the shape of a load.
    #[must_use]
    pub const fn new(connections: usize, in_flight: usize) -> Self {
        Self { connections, in_flight }
    }
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text
            .split_once('x')
            .and_then(|(connections, in_flight)| Some(Self::new(connections.parse().ok()?, in_flight.parse().ok()?)));
        parsed
            .filter(|shape| shape.connections > 0 && shape.in_flight > 0)
            .ok_or_else(|| "a load is like 64x32".to_owned())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}", self.connections, self.in_flight)
    }
}

/// The calls of a measurement, and its durations.
#[derive(Debug, Clone, Copy)]
pub struct Measurement<'a> {
    /// The target of the calls.
    pub target: &'a Target,
    /// The shape of the load.
    pub shape: Shape,
    /// Methods, each with its params as JSON. Each call uses one of them; several are mixed.
    pub calls: &'a [(&'a str, &'a str)],
    /// The time before the window, in which nothing is counted.
    pub warm_up: Duration,
    /// The time in which calls are counted.
    pub window: Duration,
}

/// The results of a measurement.
#[derive(Debug, Clone)]
pub struct Measured<U> {
    /// The number of calls that ended in the window.
    pub calls: u64,
    /// The duration of the window.
    pub window: Duration,
    /// The latencies of those calls in nanoseconds, from before they were sent.
    pub latencies: Histogram<u64>,
    /// The values of `usage` at both ends of the window.
    pub usage: (U, U),
}

impl<U> Measured<U> {
    /// Returns the throughput in calls per second.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "calls are counted in millions")]
    pub fn calls_per_s(&self) -> f64 {
        self.calls as f64 / self.window.as_secs_f64()
    }

    /// Returns a quantile of the latencies, in microseconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "latencies are under a minute")]
    pub fn quantile_us(&self, quantile: f64) -> f64 {
        self.latencies.value_at_quantile(quantile) as f64 / 1000.0
    }
}

/// Returns the median of a value over several rounds. There must be at least one round.
pub(crate) fn median<T>(rounds: &[T], value: impl Fn(&T) -> f64) -> f64 {
    let mut values: Vec<_> = rounds.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    WarmUp,
    Window,
    Over,
}

/// Puts the load on the target. Every call must end with the right result, even outside of the window.
///
/// # Panics
///
/// Panics if a call does not.
pub async fn measure<U>(measurement: Measurement<'_>, mut usage: impl AsyncFnMut() -> U) -> Measured<U> {
    let Measurement { target, shape, calls, warm_up, window } = measurement;
    let phase = Rc::new(Cell::new(Phase::WarmUp));
    let latencies = Rc::new(RefCell::new(Histogram::new(3).expect("three digits are possible")));
    let local = LocalSet::new();
    let measured = local.run_until(async {
        let opened = join_all((0..shape.connections).map(|number| target.open(number, calls))).await;
        let mut connections = JoinSet::new();
        for (number, (socket, wire)) in opened.into_iter().enumerate() {
            let mix = Mix { connection: number as u64, count: calls.len() as u64 };
            let (phase, latencies) = (phase.clone(), latencies.clone());
            connections.spawn_local(connection(socket, wire, mix, shape.in_flight, phase, latencies));
        }
        tokio::time::sleep(warm_up).await;
        let (before, started) = (usage().await, Instant::now());
        phase.set(Phase::Window);
        tokio::time::sleep(window).await;
        phase.set(Phase::Over);
        let (window, after) = (started.elapsed(), usage().await);
        let ended = tokio::time::timeout(LAST_CALLS, connections.join_all()).await;
        ended.expect("every call ends: the backend, or its Centrifugo, has lost one");
        (window, (before, after))
    });
    let (window, usage) = measured.await;
    let latencies = latencies.borrow().clone();
    Measured { calls: latencies.len(), window, latencies, usage }
}

/// The order in which several calls are mixed: no pattern repeats, and the order is the same in every run.
struct Mix {
    connection: u64,
    count: u64,
}

impl Mix {
    fn of(&self, id: u64) -> usize {
        // Fibonacci hashing maps consecutive IDs far apart.
        let mixed = (self.connection << 32 | id).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        usize::try_from(mixed % self.count).expect("one of them")
    }
}

/// Keeps `in_flight` calls in flight until the measurement is over, then waits for the rest.
async fn connection(
    mut socket: Socket,
    mut wire: Box<dyn Wire>,
    mix: Mix,
    in_flight: usize,
    phase: Rc<Cell<Phase>>,
    latencies: Rc<RefCell<Histogram<u64>>>,
) {
    // The ID of a call determines its index in this list.
    let mut calls: Vec<(u64, Instant)> = Vec::new();
    let (mut frames, mut ended) = (Vec::new(), Vec::new());
    let places = in_flight as u64;
    for id in 0..places {
        calls.push((id, Instant::now()));
        wire.call(id, mix.of(id), &mut frames);
    }
    let mut open = in_flight;
    while open > 0 {
        socket.send(&mut frames).await;
        let message = socket.receive().await;
        wire.read(&message, &mut frames, &mut ended);
        while let Some(message) = socket.received() {
            wire.read(&message, &mut frames, &mut ended);
        }
        let now = Instant::now();
        for id in ended.drain(..) {
            let call = &mut calls[usize::try_from(id % places).expect("a place")];
            assert_eq!(call.0, id, "a call ended twice");
            if phase.get() == Phase::Window {
                let took = u64::try_from((now - call.1).as_nanos()).expect("less than 500 years");
                latencies.borrow_mut().record(took).expect("the histogram grows");
            }
            *call = (id + places, now);
            if phase.get() == Phase::Over {
                open -= 1;
            } else {
                wire.call(id + places, mix.of(id + places), &mut frames);
            }
        }
    }
}
