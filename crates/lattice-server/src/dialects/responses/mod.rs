//! The Open Responses dialect, version 2026-04-24.

mod base64;
mod check;
pub(crate) mod conversations;
mod event;
pub(crate) mod from_wire;
mod from_wire_items;
#[cfg(test)]
mod from_wire_tests;
mod from_wire_tools;

pub(crate) use check::Invalid;
pub use event::EventWriter;
