//! Calls by several ways, side by side: see `benchmarks::compare`.

fn main() -> std::process::ExitCode {
    benchmarks::compare::main()
}
