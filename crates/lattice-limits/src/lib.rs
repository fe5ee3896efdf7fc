//! How much somebody may do in a time.
//!
//! Invariants: pure; reads no clock and knows no store. Whoever asks says what time it is.

mod rate;

pub use rate::{Rate, Verdict};
