//! What the tests of the other crates are made with: the standard's schema, the rules of a stream, a scripted provider, and
//! the real gateway as a process. Only ever a dev-dependency.

#![expect(
    clippy::indexing_slicing,
    reason = "indexing JSON gives null where nothing is, and this crate is only for tests"
)]
#![expect(clippy::format_push_string, reason = "nothing here is in a hurry")]
#![cfg_attr(test, expect(clippy::format_collect, reason = "the same"))]

pub mod client;
pub mod conformance;
pub mod gateway;
pub mod invariants;
pub mod issuer;
pub mod postgres;
pub mod redis;
pub mod stage;
pub mod upstream;
