//! Decode, call, encode.
pub(crate) mod outbox;
