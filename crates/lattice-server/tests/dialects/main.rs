//! A request through the whole gateway, in one process and without sockets: only the provider's bytes are scripted.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where it cannot go on, and indexing JSON gives null where nothing is"
)]

mod cells;
mod errors;
mod inputs;
mod malformed;
mod recorded;
mod round_trip;
mod stage;
