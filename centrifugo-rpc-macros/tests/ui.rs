//! The compiler's output for mistakes of users: one file per mistake in `ui/`, each beside the whole output.
//!
//! The outputs are those of Rust 1.95. They are compared letter by letter, whichever compiler runs the test: another
//! version may well word them differently, and a person should review that.
//! `TRYBUILD=overwrite cargo test -p centrifugo-rpc-macros --test ui` rewrites them; read the difference before you
//! commit it.

#[test]
fn every_mistake_is_an_error_that_says_what_to_do() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
