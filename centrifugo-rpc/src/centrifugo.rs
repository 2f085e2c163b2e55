//! Tokens, the server API, batched replies, the subscription: all that knows Centrifugo.

pub(crate) mod api;
pub(crate) mod api_error;
mod backoff;
pub(crate) mod replies;
pub(crate) mod tls;
pub(crate) mod tokens;

use url::Url;

/// A URL as messages show it: without a password, a query or a fragment, where secrets may be.
fn shown_url(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}
