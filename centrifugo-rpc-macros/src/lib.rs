//! The `#[websocket_rpc]` attribute of `centrifugo-rpc`; use it through that crate.

use proc_macro::TokenStream;

/// Registers an `async fn` as a method.
#[proc_macro_attribute]
pub fn websocket_rpc(_args: TokenStream, item: TokenStream) -> TokenStream {
    item
}
