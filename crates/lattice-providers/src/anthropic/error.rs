//! Error answers and `error` events: <https://docs.claude.com/en/api/errors>.

use crate::faults::{ANTHROPIC, Meanings};

/// What errors mean.
pub(super) const MEANINGS: Meanings = Meanings::of(ANTHROPIC);
