//! JSON as others define it, and the framing it comes in.
//!
//! Wire types mirror the other party's document: public fields, their names, no defaults they do not have. Leaves that may be
//! large are borrowed literals ([`Str`], [`Raw`]), so one pass over a body finds everything and copies nothing.
//!
//! Invariant: no I/O and no clock.

pub mod anthropic;
mod body;
pub mod chat_completions;
mod collected;
mod document;
pub mod gemini;
mod leaf;
mod object;
pub mod responses;
pub mod sse;
pub mod write;

pub use body::SegmentsBody;
pub use collected::{Collected, TooLarge};
pub use document::Document;
pub use leaf::{Raw, Str, extra_of};
pub use object::{Fields, ParseError, parse};
