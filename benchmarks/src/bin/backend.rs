//! One of the backends that calls are measured with: see `benchmarks::backends`.

fn main() {
    benchmarks::backends::main();
}
