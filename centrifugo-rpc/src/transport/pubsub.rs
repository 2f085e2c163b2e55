//! Calls over Centrifugo's pub/sub: publications of the request channel in, publications of reply channels out.
//!
//! The path of a request: [`subscription`] receives publications, [`membership`] finds out which of them are this
//! worker's, [`endpoint`] makes calls of them with [`decode`], [`responder`] and [`replies`] publish the outcomes.

mod address;
#[cfg(feature = "__bench")]
pub(crate) mod bench;
mod decode;
mod drop_log;
pub(crate) mod endpoint;
pub(crate) mod membership;
mod rejections;
pub(crate) mod replies;
mod responder;
mod stream;
pub(crate) mod subscription;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "__bench"))]
pub(crate) mod worst;
