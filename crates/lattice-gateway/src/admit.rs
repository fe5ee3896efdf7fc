//! Whether the caller may spend anything, and what is held for the turn while it runs.

use crate::error::Error;

/// What is held for a turn; given back when it is dropped. There are no limits, so it is nothing.
#[derive(Debug)]
pub(crate) struct Permit;

/// Admits every caller: there are no limits yet.
#[expect(clippy::unused_async, reason = "limits are decided elsewhere, and may refuse")]
pub(crate) async fn admit() -> Result<Permit, Error> {
    Ok(Permit)
}
