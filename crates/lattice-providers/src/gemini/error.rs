//! Error answers: `{"error": {"code", "message", "status", "details"}}`, also as the only element of a list.
//! <https://cloud.google.com/apis/design/errors>

use crate::faults::{GEMINI, Meanings};

/// What errors mean.
pub(crate) const MEANINGS: Meanings = Meanings::of(GEMINI);
