//! The results as a table and as JSON.

use std::fmt::Write;

use crate::measure::{Measured, Shape, median};
use serde::Serialize;

use crate::systems::{FLOOR, GRPC_PROXY, HTTP_PROXY, OURS, Used};

/// The results of one system under one load: of one round, or the medians of several rounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    calls_per_s: f64,
    p50_us: f64,
    p99_us: f64,
    backend_cpu_us_per_call: f64,
    centrifugo_cpu_us_per_call: f64,
    backend_rss: f64,
    centrifugo_rss: f64,
    http_requests_per_call: f64,
}

#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    shape: Shape,
    size: usize,
    system: &'static str,
    rounds: Vec<Cell>,
}

/// A row of `compare.json`.
#[derive(Serialize)]
struct Line {
    load: String,
    payload: usize,
    system: &'static str,
    calls_per_s: f64,
    p50_us: f64,
    p99_us: f64,
    backend_cpu_us_per_call: f64,
    centrifugo_cpu_us_per_call: f64,
    /// The resident memory of the backend.
    rss_bytes: f64,
    centrifugo_rss_bytes: f64,
    http_requests_per_call: f64,
}

impl Cell {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub(crate) fn new(measured: &Measured<Used>) -> Self {
        let (_, after) = measured.usage;
        Self {
            calls_per_s: measured.calls_per_s(),
            p50_us: measured.quantile_us(0.5),
            p99_us: measured.quantile_us(0.99),
            backend_cpu_us_per_call: measured.backend_cpu_us_per_call(),
            centrifugo_cpu_us_per_call: measured.centrifugo_cpu_us_per_call(),
            backend_rss: after.backend.rss as f64,
            centrifugo_rss: after.centrifugo.rss as f64,
            http_requests_per_call: measured.http_requests_per_call(),
        }
    }

    fn median(rounds: &[Self]) -> Self {
        let median = |value: fn(&Self) -> f64| median(rounds, value);
        Self {
            calls_per_s: median(|cell| cell.calls_per_s),
            p50_us: median(|cell| cell.p50_us),
            p99_us: median(|cell| cell.p99_us),
            backend_cpu_us_per_call: median(|cell| cell.backend_cpu_us_per_call),
            centrifugo_cpu_us_per_call: median(|cell| cell.centrifugo_cpu_us_per_call),
            backend_rss: median(|cell| cell.backend_rss),
            centrifugo_rss: median(|cell| cell.centrifugo_rss),
            http_requests_per_call: median(|cell| cell.http_requests_per_call),
        }
    }
}

impl Report {
    pub(crate) fn add(&mut self, shape: Shape, size: usize, system: &'static str, cell: Cell) {
        let same = |row: &&mut Row| (row.shape, row.size, row.system) == (shape, size, system);
        match self.rows.iter_mut().find(same) {
            Some(row) => row.rounds.push(cell),
            None => self.rows.push(Row { shape, size, system, rounds: vec![cell] }),
        }
    }

    fn of(&self, shape: Shape, size: usize) -> Vec<(&'static str, Cell)> {
        let rows = self.rows.iter().filter(|row| (row.shape, row.size) == (shape, size));
        rows.map(|row| (row.system, Cell::median(&row.rounds))).collect()
    }

    /// Returns a table of all systems under one load.
    pub(crate) fn table(&self, shape: Shape, size: usize) -> String {
        let cells = self.of(shape, size);
        let ours = cells.iter().find(|(system, _)| *system == OURS).map_or(f64::NAN, |(_, cell)| cell.calls_per_s);
        let mut table = format!(
            "{shape}, params of {size} B\n{:<22} {:>9} {:>7} {:>9} {:>9}   {:>8} {:>10}   {:>8} {:>10}   {:>9}\n",
            "", "calls/s", "ours ÷", "p50 µs", "p99 µs", "CPU µs", "Centrifugo", "MB", "Centrifugo", "HTTP/call"
        );
        for (system, cell) in cells {
            let _ = writeln!(
                table,
                "{system:<22} {:>9.0} {:>7.2} {:>9.0} {:>9.0}   {:>8.1} {:>10.1}   {:>8.1} {:>10.1}   {:>9.4}",
                cell.calls_per_s,
                ours / cell.calls_per_s,
                cell.p50_us,
                cell.p99_us,
                cell.backend_cpu_us_per_call,
                cell.centrifugo_cpu_us_per_call,
                cell.backend_rss / 1e6,
                cell.centrifugo_rss / 1e6,
                cell.http_requests_per_call,
            );
        }
        table
    }

    /// Compares our system with the most important others. Of a proxy's two settings, the better one counts.
    pub(crate) fn summary(&self) -> String {
        let mut loads: Vec<_> = self.rows.iter().map(|row| (row.shape, row.size)).collect();
        loads.dedup();
        let mut summary = format!(
            "calls/s, ours ÷ theirs\n{:<22} {:>11} {:>11} {:>11} {:>24}\n",
            "", "HTTP proxy", "gRPC proxy", FLOOR, "p50, ours ÷ HTTP proxy"
        );
        for (shape, size) in loads {
            let cells = self.of(shape, size);
            let best = |names: &[&str]| {
                let named = cells.iter().filter(|(system, _)| names.contains(system)).map(|(_, cell)| cell);
                named.max_by(|a, b| a.calls_per_s.total_cmp(&b.calls_per_s)).copied()
            };
            let [Some(ours), Some(floor), Some(http), Some(grpc)] =
                [&[OURS][..], &[FLOOR], &HTTP_PROXY, &GRPC_PROXY].map(best)
            else {
                continue;
            };
            let _ = writeln!(
                summary,
                "{:<22} {:>11.2} {:>11.2} {:>11.2} {:>24.2}",
                format!("{shape}, {size} B"),
                ours.calls_per_s / http.calls_per_s,
                ours.calls_per_s / grpc.calls_per_s,
                ours.calls_per_s / floor.calls_per_s,
                ours.p50_us / http.p50_us,
            );
        }
        summary
    }

    /// Returns the medians, as `docs/performance.md` describes them.
    pub(crate) fn json(&self) -> String {
        let lines: Vec<_> = self
            .rows
            .iter()
            .map(|row| {
                let cell = Cell::median(&row.rounds);
                Line {
                    load: format!("{}x{}", row.shape.connections, row.shape.in_flight),
                    payload: row.size,
                    system: row.system,
                    calls_per_s: cell.calls_per_s,
                    p50_us: cell.p50_us,
                    p99_us: cell.p99_us,
                    backend_cpu_us_per_call: cell.backend_cpu_us_per_call,
                    centrifugo_cpu_us_per_call: cell.centrifugo_cpu_us_per_call,
                    rss_bytes: cell.backend_rss,
                    centrifugo_rss_bytes: cell.centrifugo_rss,
                    http_requests_per_call: cell.http_requests_per_call,
                }
            })
            .collect();
        serde_json::to_string_pretty(&lines).expect("numbers are JSON")
    }
}
