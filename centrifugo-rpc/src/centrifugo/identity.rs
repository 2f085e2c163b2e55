//! The identity of a worker for other workers, carried in its connection token.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::centrifugo::tokens::WORKER_USER;
use crate::error::{Error, ErrorKind, shown};
use crate::service::connection::Caller;
use crate::service::contract::Served;

/// The unique name of a worker, and details that help people to find it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub worker: String,
    #[serde(default)]
    pub pid: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// `None` for older workers, which do not send this member, and for a value in an unknown form.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "if_readable")]
    pub serves: Option<Served>,
}

fn if_readable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Served>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(Served::deserialize(value).ok())
}

impl Identity {
    pub(crate) fn new(serves: Served) -> Self {
        let name = uuid::Uuid::new_v4().simple().to_string();
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self {
            worker: name[..12].to_owned(),
            pid: std::process::id(),
            host: host.trim().to_owned(),
            serves: Some(serves),
        }
    }

    pub(crate) fn info(&self) -> Result<Arc<RawValue>, Error> {
        let info = to_raw_value(self);
        info.map(Arc::from).map_err(|error| Error::new(ErrorKind::Other, "a worker cannot be named").because(error))
    }

    /// The worker's identity on a connection, if the connection is a worker's.
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
        let Self { worker, pid, host, serves } = self;
        write!(f, "{} (", shown(worker))?;
        if let Some(service) = serves.as_ref().and_then(|serves| serves.service.as_deref()) {
            write!(f, "{}, ", shown(service))?;
        }
        write!(f, "process {pid} on {})", shown(host))
    }
}

/// The name of the worker on a connection.
pub(crate) fn worker(client: &Caller) -> Option<String> {
    Identity::of(client).map(|identity| identity.worker)
}

/// Describes the conflict with `other`, a worker of another service, and the fix.
pub(crate) fn another_service(channel: &str, own: &Served, other: &Identity) -> (String, &'static str) {
    let describe = |Served { service, methods, .. }: &Served| match service {
        Some(name) => format!("{methods} methods of the service `{}`", shown(name)),
        None => format!("{methods} methods of a service without a name"),
    };
    let what = format!(
        "a worker of another service takes requests of `{channel}`: {other} serves {}, this program {}; each gets a share of all calls, and \
         answers those of the other with 404",
        describe(other.serves.as_ref().unwrap_or(own)),
        describe(own)
    );
    let fix = "give each service a name of its own (`Server::service`, CENTRIFUGO_RPC_SERVICE), from which its channels follow; versions of \
               one service, whatever they renamed, are known by having the same name";
    (what, fix)
}
