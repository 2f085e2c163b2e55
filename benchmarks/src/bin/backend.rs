//! One of the backends of the benchmarks: see `benchmarks::backends`.

fn main() {
    benchmarks::backends::main();
}
