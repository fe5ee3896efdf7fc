//! How much somebody may do in a time.
//!
//! Invariants: pure; reads no clock and knows no store, only what one has to do ([`Counters`]). Whoever asks says what time it is. A request is decided on in one step, against all
//! limits that hold for it: it counts for all of them or for none.

mod limiter;
mod local;
mod meter;
mod rate;
mod rule;
mod shared;
#[cfg(test)]
mod tests;

pub use limiter::{Denied, Left, Limiter, Permit, Policy, Refused, Report, State};
pub use meter::Counted;
pub use rate::{Rate, Verdict};
pub use rule::{Level, Numbers, Rule, Rules, Subject};
pub use shared::{Ask, Away, Counters, Pacing, Told};
