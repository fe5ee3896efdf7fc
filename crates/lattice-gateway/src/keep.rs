//! What is stored of an answer before the client sees its end (D2).

use lattice_model::{Fault, Response};

/// Stores the finished response. Empty, because this version stores nothing.
#[derive(Debug)]
pub(crate) struct Keep;

impl Keep {
    /// Done when the response is safe.
    #[expect(clippy::unused_async, reason = "a store commits later, and may fail")]
    pub(crate) async fn commit(&self, _: &Response) -> Result<(), Fault> {
        Ok(())
    }
}
