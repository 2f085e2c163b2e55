//! Replies on their way to Centrifugo: from the outcome of a call to a request of the server API.

mod capacity;
pub(super) mod completion;
pub(super) mod encoded_reply;
mod fair_queue;
mod history_quota;
pub(super) mod pending_reply;
pub(super) mod publication;
pub(crate) mod publisher;
pub(crate) mod queue;
