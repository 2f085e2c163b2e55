//! A soak test, as long as wanted: load with faults, in which workers are killed, stopped, frozen and cut off. Watches
//! the memory of one worker that survives everything. `cargo run --release -p tests --bin soak -- [minutes]`; the
//! default is 10.
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::time::{Duration, Instant};

use centrifugo_rpc::Config;
use tests::load::Report;
use tests::{Centrifugo, Crew, Load, TcpProxy, unique};

/// The interval between two faults.
const FAULTS: Duration = Duration::from_secs(8);

const REPORTS: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() {
    let minutes = std::env::args().nth(1).map_or(10, |minutes| minutes.parse().expect("a number of minutes"));
    let config = Config::new(unique("key"), unique("secret")).centrifugo_config().allowed_origins(["*"]);
    let server = Centrifugo::start(serde_json::to_value(config).expect("JSON")).await;
    let (proxy, far) = TcpProxy::before(&server).await;
    let mut crew = Crew::new();
    // The first worker runs to the end, behind a failing network; the others are replaced again and again.
    let witness = crew.start_with(&far, &[("CENTRIFUGO_API_URL", &server.api_url)]).await;
    let mut others = vec![crew.start(&server).await, crew.start(&server).await];
    let load = Load::start(&[&server], 64, "demo.append", Duration::from_millis(20)).await;

    let started = Instant::now();
    let mut reported = started;
    println!("{:>6} {:>9} {:>14}", "s", "calls", "resident KiB");
    for round in 0.. {
        if started.elapsed() > Duration::from_secs(60 * minutes) {
            break;
        }
        tokio::time::sleep(FAULTS).await;
        let victim = others.remove(0);
        match round % 4 {
            0 => {
                crew.kill(victim);
                others.push(crew.start(&server).await);
            }
            1 => {
                crew.stop(victim).await;
                others.push(crew.start(&server).await);
            }
            2 => {
                crew.freeze(victim);
                tokio::time::sleep(Duration::from_secs(5)).await;
                crew.thaw(victim);
                others.push(victim);
            }
            _ => {
                proxy.cut();
                others.push(victim);
            }
        }
        if reported.elapsed() > REPORTS {
            reported = Instant::now();
            let resident = crew.resident(witness).unwrap_or_default();
            println!("{:>6} {:>9} {resident:>14}", started.elapsed().as_secs(), load.ended());
        }
    }
    let report = load.finish(&crew).await;
    println!("{}\n{report}", Report::HEADER);
    report.assert_sound();
    report.assert_ok(99);
}
