//! The calls that run: how many may, and how to end one.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::hashed::{ByHash, HashedMap};
use super::intake::Address;
use crate::connection::Connection;
use crate::error::RpcError;
use crate::registry::Method;

/// All running calls, and the limits of their numbers.
#[derive(Debug)]
pub(super) struct Running {
    table: Arc<Mutex<Table>>,
    hasher: RandomState,
    /// Of the next call without an address.
    number: AtomicU64,
    max_calls: usize,
    max_calls_per_user: usize,
}

#[derive(Debug, Default)]
struct Table {
    calls: ByHash<Key, Connection>,
    /// By the hash of the user: two that share one would share the limit.
    by_user: HashedMap<usize>,
    by_method: HashMap<&'static str, u32>,
}

/// A call, with the hash that it is found by: made once, outside of the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    hash: u64,
    name: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name {
    Addressed(Address),
    /// A notification, or a call in process: nobody can cancel it by name.
    Numbered(u64),
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
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
        let (table, hasher, number) = (Arc::default(), RandomState::new(), AtomicU64::new(0));
        Self { table, hasher, number, max_calls, max_calls_per_user }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }

    fn key(&self, name: Name) -> Key {
        Key { hash: self.hasher.hash_one(&name), name }
    }

    /// Gives a call a place, for as long as the slot lives.
    pub(super) fn begin(
        &self,
        method: &'static Method,
        connection: Connection,
        address: Option<&Address>,
    ) -> Result<Slot, Refusal> {
        // Anonymous callers have no user in common: each connection counts for itself.
        let anonymous = connection.user().is_empty();
        let user = if anonymous { connection.client() } else { connection.user() };
        let user = self.hasher.hash_one((anonymous, user));
        let name = match address {
            Some(address) => Name::Addressed(address.clone()),
            None => Name::Numbered(self.number.fetch_add(1, Ordering::Relaxed)),
        };
        let key = self.key(name);
        let mut table = self.table();
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
        let key = place.key().clone();
        place.insert(connection.clone());
        *of_user.or_default() += 1;
        if max_of_method.is_some() {
            *by_method.entry(method.name).or_default() += 1;
        }
        Ok(Slot { table: Arc::clone(&self.table), key, user, method, connection, finished: false })
    }

    /// Cancels the call at this address, if it runs.
    pub(super) fn cancel(&self, address: &Address) {
        let key = self.key(Name::Addressed(address.clone()));
        let call = self.table().calls.get(&key).cloned();
        // Waking its task takes locks of its own: not under this one.
        if let Some(call) = call {
            call.cancel();
        }
    }

    pub(super) fn cancel_all(&self) {
        let calls: Vec<_> = self.table().calls.values().cloned().collect();
        for call in calls {
            call.cancel();
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
    connection: Connection,
    finished: bool,
}

impl Slot {
    pub(super) fn method(&self) -> &'static Method {
        self.method
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
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
            self.connection.cancel();
        }
    }
}
