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
