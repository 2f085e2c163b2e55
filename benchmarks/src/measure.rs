//! Load from outside, and its cost to the processes that serve it: for the benchmarks.

mod load;
mod socket;
mod usage;
mod wire;

pub(crate) use load::median;
pub use load::{Measured, Measurement, Shape, measure};
pub use usage::{Usage, counting, http_requests, usage};
pub use wire::Target;
