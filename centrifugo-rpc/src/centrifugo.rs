//! All that knows Centrifugo.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::config::Config;
use crate::connection::Caller;
use crate::dispatch::outbox::Outbox;
use crate::error::Error;

pub(crate) struct Delivery {
    pub data: Bytes,
    pub offset: u64,
    pub age: Duration,
    pub caller: Option<Caller>,
}
pub(crate) struct Link;
impl Link {
    pub(crate) async fn open(
        _: &Config,
        _: Arc<Outbox>,
        _: impl Fn(Delivery) + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        Ok(Self)
    }
    pub(crate) async fn close(self) {}
}
