//! Shared parts of this crate's benchmarks: the input of a worker at each stage, as callers and Centrifugo write it.

use std::fmt::Write;

use bytes::Bytes;
use centrifugo_rpc::bench::{InProcess, Ready, encode};
use centrifugo_rpc::{Caller, Connection, websocket_rpc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};

/// The sizes of params and results: name and bytes.
pub(crate) const SIZES: [(&str, usize); 3] = [("30 B", 30), ("1 KB", 1024), ("16 KB", 16 * 1024)];

/// The number of calls in flight.
pub(crate) const BURST: usize = 64;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Echo {
    text: String,
}

/// Returns its params.
#[websocket_rpc("bench.echo")]
async fn echo(_conn: Connection, params: Echo) -> Echo {
    params
}

/// Returns an [`Echo`] as JSON of `bytes` bytes.
pub(crate) fn payload(bytes: usize) -> String {
    let around = r#"{"text":""}"#.len();
    format!(r#"{{"text":"{}"}}"#, "x".repeat(bytes - around))
}

fn correlation_id(number: usize) -> String {
    format!("{number:08x}-6b8a-4c6c-9d53-8c4f0f2c8f6e")
}

fn channel(number: usize) -> String {
    format!("reply:{number:08x}-9dad-41d1-80b4-00c04fd430c8#user-{number}")
}

/// Returns the caller of the call with this number, as Centrifugo reports it.
pub(crate) fn caller(number: usize) -> Caller {
    Caller::user(format!("user-{number}")).client(format!("{number:08x}-d1a4-4d0c-9b0e-1d2f3a4b5c6d"))
}

/// Returns the call with this number, as its caller publishes it.
pub(crate) fn publication(number: usize, params_bytes: usize) -> Bytes {
    request(number, number, params_bytes).into()
}

/// Returns a batch of `count` calls of one caller.
fn publication_of(count: usize, caller: usize, params_bytes: usize) -> Bytes {
    let requests: Vec<_> = (0..count).map(|number| request(number, caller, params_bytes)).collect();
    format!(r#"{{"batch":[{}]}}"#, requests.join(",")).into()
}

fn request(number: usize, caller: usize, params_bytes: usize) -> String {
    format!(
        r#"{{"method":"bench.echo","correlation_id":"{}","reply_to":"{}","params":{},"timeout_ms":30000,"batch":true}}"#,
        correlation_id(number),
        channel(caller),
        payload(params_bytes),
    )
}

/// Returns replies with results of this size.
pub(crate) fn ready(count: usize, result_bytes: usize) -> Ready {
    let result = payload(result_bytes);
    Ready::new((0..count).map(|number| (channel(number), encode(&correlation_id(number), result.as_bytes()))))
}

/// Returns a batch of replies for one caller that reads batches.
pub(crate) fn ready_together(count: usize, result_bytes: usize) -> Ready {
    let result = payload(result_bytes);
    Ready::together((0..count).map(|number| (channel(7), encode(&correlation_id(number), result.as_bytes()))))
}

/// Returns Centrifugo's answer to a successful batch.
pub(crate) fn answer(count: usize) -> String {
    let mut answer = r#"{"replies":["#.to_owned();
    for number in 0..count {
        let separator = if number == 0 { "" } else { "," };
        // Writing to a `String` never fails.
        let _ = write!(answer, r#"{separator}{{"publish":{{"offset":{},"epoch":"GDmq"}}}}"#, number + 1);
    }
    answer + "]}"
}

/// A worker, its runtime, and its input.
#[derive(Debug)]
pub(crate) struct Worker {
    runtime: Runtime,
    in_process: InProcess,
    publications: Vec<Bytes>,
    /// The same calls as a batch of one caller.
    together: Bytes,
}

impl Worker {
    /// Creates a worker whose params have this size.
    pub(crate) fn new(params_bytes: usize) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let in_process = InProcess::new(64 << 20).expect("methods without problems");
        let publications = (0..BURST).map(|number| publication(number, params_bytes)).collect();
        Self { runtime, in_process, publications, together: publication_of(BURST, 7, params_bytes) }
    }

    /// Makes `callers.len()` concurrent calls, waits for their replies, and returns the last reply.
    pub(crate) fn calls(&self, callers: Vec<Caller>) -> Vec<u8> {
        self.runtime.block_on(async {
            let count = callers.len();
            for (data, caller) in self.publications.iter().zip(callers) {
                self.in_process.accept(data, caller);
            }
            self.in_process.replies(count).await
        })
    }

    /// Accepts a publication, waits until everything in it is done, and returns the number of replies.
    pub(crate) fn publication(&self, data: &Bytes, caller: Caller) -> usize {
        self.runtime.block_on(self.in_process.publication(data, caller))
    }

    /// As [`calls`](Self::calls), with a batch of [`BURST`] calls of one caller.
    pub(crate) fn calls_together(&self, caller: Caller) -> Vec<u8> {
        self.runtime.block_on(async {
            self.in_process.accept(&self.together, caller);
            self.in_process.replies(BURST).await
        })
    }
}
