//! The cost of a call as methods, connections, workers, calls in flight and durations grow: see `benchmarks::growth`.

fn main() -> std::process::ExitCode {
    benchmarks::growth::main()
}
