//! How a call runs, whatever transport it came over: limits, deadlines, cancellation, panics, layers, counters. No
//! sockets.
//!
//! The path of a call: [`dispatcher`] admits it, [`starter`] starts it if its transport does not do so itself, the tower
//! layers in [`layers`] run its handler, the [`responder`] of its transport takes the outcome.

pub(crate) mod dispatcher;
pub(crate) mod hashed;
mod in_flight;
pub(crate) mod incoming;
pub(crate) mod layers;
pub(crate) mod refused;
pub(crate) mod responder;
mod scheduler;
pub(crate) mod starter;
pub(crate) mod telemetry;
