//! What calls cost, by several ways and under several loads. The programs are `tests/benches`: `cargo bench -p tests`.
//!
//! | module | its one job |
//! | --- | --- |
//! | [`compare`] | our way and others, side by side |
//! | [`growth`] | what becomes of the cost when there is more of something |
//! | `systems` | the ways, each with processes of its own |
//! | [`backends`] | what answers the calls |
//! | [`measure`] | load from outside, and what it costs the processes that serve it |
//! | `nats` | a real NATS server |

pub mod backends;
pub mod compare;
pub mod growth;
pub mod measure;
mod nats;
mod systems;
