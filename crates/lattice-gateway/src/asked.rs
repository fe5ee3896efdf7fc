//! What the edge hands over.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use lattice_model::{FaultKind, Turn};
use lattice_store::Owner;

use crate::error::Error;

/// A turn, who asks for it, and until when.
#[derive(Debug)]
pub struct Asked {
    /// What is asked.
    pub turn: Turn,
    /// Who asks.
    pub caller: Caller,
    /// When the answer has to be over, all attempts together; never, where nothing is said.
    pub deadline: Option<Instant>,
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Whose is what is stored.
    pub owner: Owner,
    /// The models that they may ask for; all, where nothing is said (A11).
    pub models: Option<Arc<[String]>>,
    /// The address that the request came from.
    pub address: Option<IpAddr>,
}

impl Caller {
    /// Whether they may ask for this model.
    pub fn may_use(&self, model: &str) -> bool {
        self.models.as_ref().is_none_or(|models| models.iter().any(|one| one == model))
    }

    pub(crate) fn check(&self, model: &str) -> Result<(), Error> {
        if self.may_use(model) {
            return Ok(());
        }
        let message =
            format!("this key may not ask for the model `{model}`; GET /v1/models lists those that it may");
        Err(Error::new(FaultKind::NotAllowed, "model_not_allowed", message).with_param("model"))
    }
}
