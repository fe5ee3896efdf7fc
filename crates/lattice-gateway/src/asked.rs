//! What the edge hands over.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use lattice_limits::Numbers;
use lattice_model::{FaultKind, Turn};
use lattice_store::{Owner, Reach};

use crate::directory::{Route, Target};
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
    /// The id of the user, where they are one.
    pub user: Option<Arc<str>>,
    /// The id of the key that they came in with.
    pub key: Option<Arc<str>>,
    /// What the key itself is held to.
    pub limits: Option<Arc<Numbers>>,
    /// Whether they see what others of their tenant have stored, as those do who run it.
    pub sees_tenant: bool,
    /// The models that they may ask for; all, where nothing is said (A11).
    pub models: Option<Arc<[String]>>,
    /// The provider entries that may answer them; all, where nothing is said.
    pub providers: Option<Arc<[String]>>,
    /// The address that the request came from.
    pub address: Option<IpAddr>,
}

impl Caller {
    /// Whether they may ask for this model.
    pub fn may_use(&self, model: &str) -> bool {
        self.models.as_ref().is_none_or(|models| models.iter().any(|one| one == model))
    }

    /// What they can reach of what is stored.
    pub(crate) fn reach(&self) -> Reach {
        Reach { owner: self.owner.clone(), is_whole_tenant: self.sees_tenant }
    }

    /// Whether this provider entry may answer them.
    pub fn may_reach(&self, provider: &str) -> bool {
        self.providers.as_ref().is_none_or(|providers| providers.iter().any(|one| one == provider))
    }

    /// The part of a route that they may go.
    pub(crate) fn narrow(&self, route: Route) -> Result<Route, Error> {
        if self.providers.is_none() {
            return Ok(route);
        }
        let targets: Arc<[Target]> =
            route.targets.iter().filter(|target| self.may_reach(&target.entry.name)).cloned().collect();
        if targets.is_empty() {
            let message = "this key may not reach the provider of this model; GET /v1/models lists those that it may ask for";
            return Err(
                Error::new(FaultKind::NotAllowed, "provider_not_allowed", message).with_param("model")
            );
        }
        Ok(Route { targets })
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
