//! The cost of calls through several systems and under several loads. The programs are `tests/benches`:
//! `cargo bench -p tests`.
//!
//! | module | its one job |
//! | --- | --- |
//! | [`compare`] | our system and others, side by side |
//! | [`growth`] | the cost of a call as methods, connections, workers or calls grow |
//! | `systems` | the systems, each with processes of its own |
//! | [`backends`] | the backends that answer the calls |
//! | [`measure`] | load from outside, and its cost to the processes that serve it |
//! | `nats` | a real NATS server |

pub mod backends;
pub mod compare;
pub mod growth;
pub mod measure;
mod nats;
mod systems;
