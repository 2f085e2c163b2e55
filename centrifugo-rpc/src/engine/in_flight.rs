//! Tracks the calls in flight: limits and cancellation.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::hashed::{ByHash, HashedMap};
use super::incoming::CallId;
use crate::error::RpcError;
use crate::service::connection::Connection;
use crate::service::method::Method;

/// The calls in flight, and the limits on their number.
#[derive(Debug)]
pub(super) struct InFlight {
    table: Arc<Mutex<Table>>,
    hasher: RandomState,
    /// The number of the next call without an ID.
    next_number: AtomicU64,
    max_calls: usize,
    max_calls_per_user: usize,
}

#[derive(Debug, Default)]
struct Table {
    calls: ByHash<Key, Connection>,
    /// The calls of each user, by the hash of the user. Users whose hashes collide share the limit.
    by_user: HashedMap<usize>,
    by_method: HashMap<&'static str, u32>,
}

/// A call with the hash of its ID, which is computed once, outside of the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    hash: u64,
    name: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name {
    Given(CallId),
    /// A call without an ID, which no caller can cancel.
    Numbered(u64),
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// The reason why a call is not admitted.
#[derive(Debug)]
pub(super) enum Rejection {
    /// A limit is reached.
    Overloaded(Limit, RpcError),
    /// A call with the same ID is in flight already.
    Duplicate,
}

/// A limit on the number of calls, by its setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Limit {
    Calls,
    CallsOfUser,
    CallsOfMethod(&'static str),
    /// A limit of the application, such as one of a layer.
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

impl InFlight {
    pub(super) fn new(max_calls: usize, max_calls_per_user: usize) -> Self {
        let (table, hasher, next_number) = (Arc::default(), RandomState::new(), AtomicU64::new(0));
        Self { table, hasher, next_number, max_calls, max_calls_per_user }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }

    fn key(&self, name: Name) -> Key {
        Key { hash: self.hasher.hash_one(&name), name }
    }

    /// Admits a call. It counts as in flight until the guard is dropped.
    pub(super) fn admit(
        &self,
        method: &'static Method,
        connection: Connection,
        id: Option<CallId>,
    ) -> Result<CallGuard, Rejection> {
        // Anonymous callers do not share a limit: each connection counts for itself.
        let anonymous = connection.user().is_empty();
        let user = if anonymous { connection.client() } else { connection.user() };
        let user = self.hasher.hash_one((anonymous, user));
        let number = || Name::Numbered(self.next_number.fetch_add(1, Ordering::Relaxed));
        let key = self.key(id.map_or_else(number, Name::Given));
        let mut table = self.table();
        let running = table.calls.len();
        let Table { calls, by_user, by_method, .. } = &mut *table;
        let Entry::Vacant(entry) = calls.entry(key) else { return Err(Rejection::Duplicate) };
        let overloaded = |limit, message: String| Err(Rejection::Overloaded(limit, RpcError::overloaded(message)));
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
        let key = entry.key().clone();
        entry.insert(connection.clone());
        *of_user.or_default() += 1;
        if max_of_method.is_some() {
            *by_method.entry(method.name).or_default() += 1;
        }
        Ok(CallGuard { table: Arc::clone(&self.table), key, user, method, connection, finished: false })
    }

    /// Cancels the call with this ID if it is in flight.
    pub(super) fn cancel(&self, id: &CallId) {
        let key = self.key(Name::Given(id.clone()));
        let call = self.table().calls.get(&key).cloned();
        // Waking the task takes other locks, so this one is released first.
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

/// The place of one call in flight. Dropping it frees the place.
#[derive(Debug)]
pub(super) struct CallGuard {
    table: Arc<Mutex<Table>>,
    key: Key,
    user: u64,
    method: &'static Method,
    connection: Connection,
    finished: bool,
}

impl CallGuard {
    pub(super) fn method(&self) -> &'static Method {
        self.method
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Marks the call as ended by itself. Without this, dropping the guard signals cancellation to the tasks that the
    /// call spawned.
    pub(super) fn finish(mut self) {
        self.finished = true;
    }
}

impl Drop for CallGuard {
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
