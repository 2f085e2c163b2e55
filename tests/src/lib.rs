//! What the tests of this workspace share: a real Centrifugo and the toolchains around it.
