//! What becomes of the cost of a call when there is more of something: see `benchmarks::growth`.

fn main() -> std::process::ExitCode {
    benchmarks::growth::main()
}
