//! How calls come and outcomes go. Each transport makes calls of what it receives, and hands them to the engine.

pub(crate) mod in_process;
pub(crate) mod pubsub;
