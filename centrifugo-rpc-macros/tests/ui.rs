//! What a user reads who made a mistake: one file per mistake in `ui/`, each beside the compiler's whole output.
//!
//! The outputs are those of Rust 1.95 and are compared letter by letter, whichever compiler runs the test: another one may
//! well word them differently, and somebody should look at that. `TRYBUILD=overwrite cargo test -p centrifugo-rpc-macros --test
//! ui` writes them anew; read the difference before you commit it.

#[test]
fn every_mistake_is_an_error_that_says_what_to_do() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
