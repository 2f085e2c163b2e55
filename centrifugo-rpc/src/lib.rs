//! Typed RPC for browsers, apps and services over Centrifugo.
