//! What calls cost, by several ways and under several loads. The programs are `tests/benches`: `cargo bench -p tests`.
//!
//! | module | its one job |
//! | --- | --- |
//! | [`compare`] | our way and others, side by side |
//! | [`measure`] | load from outside, and what it costs the processes that serve it |
//! | [`nats`] | a real NATS server |

pub mod compare;
pub mod measure;
pub mod nats;
