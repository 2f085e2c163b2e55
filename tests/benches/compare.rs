//! Calls through several systems, side by side: see `benchmarks::compare`.

fn main() -> std::process::ExitCode {
    benchmarks::compare::main()
}
