//! The services that documentation, tests and benchmarks share.
