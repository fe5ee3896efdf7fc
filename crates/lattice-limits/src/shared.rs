//! Counts that several replicas share: what a store of them has to do.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

/// How a count is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pacing {
    /// At an even pace: microseconds between two, and how far ahead of it a subject may be.
    Even {
        /// Between two.
        interval: i64,
        /// How far ahead.
        ahead: i64,
    },
    /// In a minute from the first one on.
    Minute,
    /// In a day, UTC.
    Day,
    /// In a month, UTC.
    Month,
    /// At the same time, each for as long as its lease lasts.
    AtOnce,
}

/// One count, and how much is wanted of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What it is found by: the same on every replica.
    pub name: String,
    /// How it is kept.
    pub pacing: Pacing,
    /// All that there is.
    pub limit: u64,
    /// How much is wanted.
    pub cost: u64,
}

/// What a count says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// How long to wait, where it is not to be had.
    pub wait: Option<Duration>,
    /// How much is left.
    pub remaining: u64,
    /// Until all of it is there again.
    pub reset: Duration,
}

/// The store cannot be asked at present; why, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away(pub String);

/// Where counts are shared. Times are the store's own, not the replicas' (B3).
#[async_trait]
pub trait Counters: Debug + Send + Sync {
    /// Takes from all counts, or from none, in one step and one round trip. What is held at the same time is held under this lease, which the
    /// store lets go of by itself when nobody renews it (B2).
    async fn take(&self, asks: &[Ask], lease: &str) -> Result<Vec<Told>, Away>;

    /// Puts what was really spent in the place of what was reserved; nobody waits for it.
    fn settle(&self, asks: Vec<Ask>, reserved: u64, spent: u64);

    /// Gives back what is held under a lease; nobody waits for it.
    fn release(&self, asks: Vec<Ask>, lease: String);

    /// Whether the store cannot be asked at present, as far as is known.
    fn is_away(&self) -> bool;
}
