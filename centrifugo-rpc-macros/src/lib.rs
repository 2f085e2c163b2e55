//! The `#[websocket_rpc]` attribute of `centrifugo-rpc`; use it through that crate.

use proc_macro::TokenStream;

mod args;
mod errors;
mod expand;
mod handler;
mod name;

/// Registers an `async fn` as a method.
#[proc_macro_attribute]
pub fn websocket_rpc(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(args.into(), item.into()).into()
}
