//! Whose something is.

use std::sync::Arc;

/// Whose something is: an argument of every query (A2). Somebody else's is answered like what does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The tenant's id.
    pub tenant: Arc<str>,
    /// Who vouches for the subject; empty for one of the gateway's own.
    pub issuer: Arc<str>,
    /// The person or service, unique for its issuer.
    pub subject: Arc<str>,
}

impl Owner {
    /// Everybody, where nobody has to say who they are: one owner in the tenant `default`.
    pub fn anonymous() -> Self {
        Self { tenant: "default".into(), issuer: "".into(), subject: "anonymous".into() }
    }
}

/// What somebody can reach of what is stored: their own, or whatever belongs to their tenant. What is beyond it is answered like what does not
/// exist (A2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Who it is.
    pub owner: Owner,
    /// Whether they see what others of their tenant have stored, as those do who run it.
    pub is_whole_tenant: bool,
}

impl Reach {
    /// Of somebody who sees what is their own.
    pub fn own(owner: Owner) -> Self {
        Self { owner, is_whole_tenant: false }
    }

    /// The issuer that something has to be of, if it matters.
    pub fn issuer(&self) -> Option<&str> {
        (!self.is_whole_tenant).then_some(&*self.owner.issuer)
    }

    /// The subject that something has to be of, if it matters.
    pub fn subject(&self) -> Option<&str> {
        (!self.is_whole_tenant).then_some(&*self.owner.subject)
    }

    /// Whether it covers what is somebody's.
    pub fn covers(&self, other: &Owner) -> bool {
        if self.is_whole_tenant { self.owner.tenant == other.tenant } else { self.owner == *other }
    }
}
