//! Workers of other services in the request channel: each call that they get is answered with 404.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::centrifugo::identity::{Identity, another_service};
use crate::connection::Caller;
use crate::contract::Served;

/// How many are remembered as told. Beyond that, all are told again.
const REMEMBERED: usize = 1024;

/// Looks out for them, and says so once for each.
#[derive(Debug)]
pub(super) struct Strangers {
    channel: String,
    own: Served,
    told: Mutex<HashSet<String>>,
}

impl Strangers {
    pub(super) fn new(channel: &str, own: Served) -> Self {
        Self { channel: channel.to_owned(), own, told: Mutex::default() }
    }

    pub(super) fn own(&self) -> &Served {
        &self.own
    }

    /// Looks at a connection to the channel.
    pub(super) fn look_at(&self, client: &Caller) {
        let Some(other) = Identity::of(client) else { return };
        if !other.serves.as_ref().is_some_and(|serves| serves.is_another_than(&self.own)) {
            return;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= REMEMBERED {
            told.clear();
        }
        if told.insert(other.worker.clone()) {
            let (what, fix) = another_service(&self.channel, &self.own, &other);
            tracing::error!("{what}: {fix}");
        }
    }
}
