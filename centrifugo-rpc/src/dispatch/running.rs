//! The calls that run: how many may, and how to end one.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::hashed::HashedMap;
use super::intake::Address;
use crate::connection::Caller;
use crate::error::RpcError;
use crate::registry::Method;

/// All running calls, and the limits of their numbers.
#[derive(Debug)]
pub(super) struct Running {
    table: Arc<Mutex<Table>>,
    hasher: RandomState,
    max_calls: usize,
    max_calls_per_user: usize,
}

#[derive(Debug, Default)]
struct Table {
    calls: HashMap<Key, CancellationToken>,
    /// By the hash of the user: two that share one would share the limit.
    by_user: HashedMap<usize>,
    by_method: HashMap<&'static str, u32>,
    /// Of the next call without an address.
    number: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Addressed(Address),
    /// A notification, or a call in process: nobody can cancel it by name.
    Numbered(u64),
}

/// Why a call does not run.
#[derive(Debug)]
pub(super) enum Refusal {
    /// A limit is reached.
    Overloaded(Limit, RpcError),
    /// The same call, by its address, is running already.
    Running,
}

/// A limit of the number of calls, by the setting it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Limit {
    Calls,
    CallsOfUser,
    CallsOfMethod(&'static str),
    /// A layer's, or whatever else the application has.
    Application(&'static str),
}

impl Limit {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Calls => "max_concurrent_calls",
            Self::CallsOfUser => "max_concurrent_calls_per_user",
            Self::CallsOfMethod(_) => "max_concurrency",
            Self::Application(_) => "one of the application",
        }
    }
}

impl Running {
    pub(super) fn new(max_calls: usize, max_calls_per_user: usize) -> Self {
        Self { table: Arc::default(), hasher: RandomState::new(), max_calls, max_calls_per_user }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }

    /// Gives a call a place, for as long as the slot lives.
    pub(super) fn begin(
        &self,
        method: &'static Method,
        caller: &Caller,
        address: Option<&Address>,
    ) -> Result<Slot, Refusal> {
        // Anonymous callers have no user in common: each connection counts for itself.
        let anonymous = caller.user.is_empty();
        let user = self.hasher.hash_one((anonymous, if anonymous { &caller.client } else { &caller.user }));
        let mut table = self.table();
        let key = if let Some(address) = address {
            Key::Addressed(address.clone())
        } else {
            table.number += 1;
            Key::Numbered(table.number)
        };
        let running = table.calls.len();
        let Table { calls, by_user, by_method, .. } = &mut *table;
        let Entry::Vacant(place) = calls.entry(key) else { return Err(Refusal::Running) };
        let overloaded = |limit, message: String| Err(Refusal::Overloaded(limit, RpcError::overloaded(message)));
        if running >= self.max_calls {
            let message = format!("the worker runs {} calls already, as many as it may", self.max_calls);
            return overloaded(Limit::Calls, message);
        }
        let of_user = by_user.entry(user);
        if matches!(&of_user, Entry::Occupied(calls) if *calls.get() >= self.max_calls_per_user) {
            let message = format!("the user has {} calls running, as many as one may", self.max_calls_per_user);
            return overloaded(Limit::CallsOfUser, message);
        }
        let max_of_method = method.options.max_concurrency;
        if max_of_method.is_some_and(|max| by_method.get(method.name).is_some_and(|&calls| calls >= max)) {
            let max = max_of_method.unwrap_or_default();
            let message = format!("`{}` runs {max} times already, as often as it may", method.name);
            return overloaded(Limit::CallsOfMethod(method.name), message);
        }
        let cancelled = CancellationToken::new();
        let key = place.key().clone();
        place.insert(cancelled.clone());
        *of_user.or_default() += 1;
        if max_of_method.is_some() {
            *by_method.entry(method.name).or_default() += 1;
        }
        Ok(Slot { table: Arc::clone(&self.table), key, user, method, cancelled, finished: false })
    }

    /// Cancels the call at this address, if it runs.
    pub(super) fn cancel(&self, address: &Address) {
        let token = self.table().calls.get(&Key::Addressed(address.clone())).cloned();
        // Waking its task takes locks of its own: not under this one.
        if let Some(token) = token {
            token.cancel();
        }
    }

    pub(super) fn cancel_all(&self) {
        let tokens: Vec<_> = self.table().calls.values().cloned().collect();
        for token in tokens {
            token.cancel();
        }
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The place of one running call.
#[derive(Debug)]
pub(super) struct Slot {
    table: Arc<Mutex<Table>>,
    key: Key,
    user: u64,
    method: &'static Method,
    cancelled: CancellationToken,
    finished: bool,
}

impl Slot {
    /// What ends the call.
    pub(super) fn cancelled(&self) -> CancellationToken {
        self.cancelled.clone()
    }

    /// The call came to an end of its own. Dropped without, what it spawned is told that it was cancelled.
    pub(super) fn finish(mut self) {
        self.finished = true;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        {
            let mut table = lock(&self.table);
            table.calls.remove(&self.key);
            if let Some(calls) = table.by_user.get_mut(&self.user) {
                *calls -= 1;
                if *calls == 0 {
                    table.by_user.remove(&self.user);
                }
            }
            if self.method.options.max_concurrency.is_some()
                && let Some(calls) = table.by_method.get_mut(self.method.name)
            {
                *calls -= 1;
            }
        }
        if !self.finished {
            self.cancelled.cancel();
        }
    }
}
