//! Detects workers of other services in the request channel, which answer each call that they get with 404.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::centrifugo::identity::{Identity, another_service};
use crate::service::connection::Caller;
use crate::service::contract::Served;

/// The number of workers remembered as reported. Beyond that, all are reported again.
const REMEMBERED: usize = 1024;

/// Reports each worker of another service once.
#[derive(Debug)]
pub(super) struct ForeignServices {
    channel: String,
    own: Served,
    reported: Mutex<HashSet<String>>,
}

impl ForeignServices {
    pub(super) fn new(channel: &str, own: Served) -> Self {
        Self { channel: channel.to_owned(), own, reported: Mutex::default() }
    }

    pub(super) fn own(&self) -> &Served {
        &self.own
    }

    /// Checks a connection to the channel.
    pub(super) fn check(&self, client: &Caller) {
        let Some(other) = Identity::of(client) else { return };
        if !other.serves.as_ref().is_some_and(|serves| serves.is_another_than(&self.own)) {
            return;
        }
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.len() >= REMEMBERED {
            reported.clear();
        }
        if reported.insert(other.worker.clone()) {
            let (what, fix) = another_service(&self.channel, &self.own, &other);
            tracing::error!("{what}: {fix}");
        }
    }
}
