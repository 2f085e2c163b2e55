//! Who a worker is to the others: what its connection's token says.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::centrifugo::tokens::WORKER_USER;
use crate::connection::Caller;
use crate::error::{Error, ErrorKind, shown};

/// A worker's name, which no other ever has, and what helps people to find it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub worker: String,
    #[serde(default)]
    pub pid: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host: String,
}

impl Identity {
    pub(crate) fn new() -> Self {
        let name = uuid::Uuid::new_v4().simple().to_string();
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self { worker: name[..12].to_owned(), pid: std::process::id(), host: host.trim().to_owned() }
    }

    pub(crate) fn info(&self) -> Result<Arc<RawValue>, Error> {
        let info = to_raw_value(self);
        info.map(Arc::from).map_err(|error| Error::new(ErrorKind::Other, "a worker cannot be named").because(error))
    }

    /// What a connection says of its worker, if it is one.
    pub(crate) fn of(client: &Caller) -> Option<Self> {
        let info = client.info.as_deref().filter(|_| client.user == WORKER_USER)?;
        serde_json::from_slice(info).ok()
    }

    pub(crate) fn is(&self, client: &Caller) -> bool {
        Self::of(client).is_some_and(|other| other.worker == self.worker)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { worker, pid, host } = self;
        write!(f, "{} (process {pid} on {})", shown(worker), shown(host))
    }
}

/// The name of the worker whose connection it is.
pub(crate) fn worker(client: &Caller) -> Option<String> {
    Identity::of(client).map(|identity| identity.worker)
}
