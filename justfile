# `just` lists the recipes; CONTRIBUTING.md says when to use which.

default:
    @just --list

# The main job: two methods and a client on the embedded hub
quickstart:
    cargo run --example quickstart

# A page that calls methods of the demo, at http://127.0.0.1:8080
web:
    cargo run --example web

# All tests, against the hub and a real Centrifugo
test:
    cargo test --workspace

# Everything that CI runs
ci:
    .ci/run

# Accept changed compiler messages, expansions of the macro, generated clients and the bundle of the page
bless:
    BLESS=1 TRYBUILD=overwrite cargo test -p centrifugo-rpc-macros
    BLESS=1 cargo test -p tests --test generated_typescript the_committed_library
    BLESS=1 cargo test -p centrifugo-rpc --lib codegen
    BLESS=1 cargo test -p tests --test web the_committed_bundle
