# `just` lists the recipes; CONTRIBUTING.md says when to use which.

default:
    @just --list

# The main job: two methods and a client on the embedded hub
quickstart:
    cargo run --example quickstart

# All tests, against the hub and a real Centrifugo
test:
    cargo test --workspace

# Everything that CI runs
ci:
    .ci/run

# Accept changed compiler messages and expansions of the macro
bless:
    BLESS=1 TRYBUILD=overwrite cargo test -p centrifugo-rpc-macros
