//! Handlers among names that an expansion might confuse with its own.

#![no_implicit_prelude]
#![deny(warnings)]
#![forbid(unsafe_code)]
#![allow(non_camel_case_types, non_upper_case_globals, dead_code, unused_macros)]

struct Result;
struct Option;
struct Box;
struct String;
struct Some;
struct None;
struct Ok;
struct Err;
struct Send;
struct Yes;
struct Type;
struct Method;
struct str;
struct u32;
struct bool;
struct call;
struct needs;
static params: () = ();
const handle: () = ();
fn drop() {}
fn checked() {}

mod std {}
mod core {}
mod alloc {}
mod centrifugo_rpc {}
mod inventory {}

macro_rules! concat {
    () => {};
}
macro_rules! file {
    () => {};
}
macro_rules! line {
    () => {};
}
macro_rules! submit {
    () => {};
}

type Outcome = ::std::result::Result<(), ::centrifugo_rpc::RpcError>;

/// Returns the caller's user.
#[doc = ::core::concat!("Politely.")]
#[::centrifugo_rpc::websocket_rpc(
    "hygiene.everything",
    timeout = "5s",
    max_concurrency = 1,
    deprecated = "no",
    idempotent
)]
async fn method(
    conn: ::centrifugo_rpc::Connection,
    greeting: ::std::option::Option<::std::string::String>,
) -> ::std::result::Result<::std::string::String, ::centrifugo_rpc::RpcError> {
    let _ = greeting;
    ::std::result::Result::Ok(::std::string::ToString::to_string(conn.user()))
}

#[::centrifugo_rpc::websocket_rpc("hygiene.nothing", no_wait)]
async fn nothing() {}

#[::centrifugo_rpc::websocket_rpc("hygiene.alias", no_wait)]
async fn alias() -> Outcome {
    ::std::result::Result::Ok(())
}

mod nested {
    /// Has the same name as its neighbour.
    #[::centrifugo_rpc::websocket_rpc("hygiene.nested")]
    pub(super) async fn nothing() {}
}

fn registered(name: &'static ::core::primitive::str) -> ::core::primitive::bool {
    let mut methods =
        ::std::iter::IntoIterator::into_iter(::centrifugo_rpc::__private::inventory::iter::<::centrifugo_rpc::Method>);
    ::std::iter::Iterator::any(&mut methods, |method| method.name() == name)
}

#[::core::prelude::v1::test]
fn handlers_are_registered_whatever_is_around_them() {
    for name in ["everything", "nothing", "alias", "nested"] {
        ::std::assert!(registered(::std::format!("hygiene.{name}").leak()));
    }
}

#[::core::prelude::v1::test]
fn a_handler_inside_a_function_is_registered() {
    struct Local(::core::primitive::u8);

    impl ::centrifugo_rpc::FromCall for Local {
        async fn from_call(_: &::centrifugo_rpc::Call) -> ::std::result::Result<Self, ::centrifugo_rpc::RpcError> {
            ::std::result::Result::Ok(Self(1))
        }
    }

    #[::centrifugo_rpc::websocket_rpc("hygiene.in_a_function")]
    async fn nothing(Local(one): Local) -> ::core::primitive::u8 {
        one
    }

    ::std::assert!(registered("hygiene.in_a_function"));
}
