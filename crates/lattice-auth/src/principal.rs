//! Who is calling.

use std::sync::Arc;

use lattice_store::Owner;

use crate::role::Role;

/// Who is calling: the same person or service is the same principal however they come in (A1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Whose is what they store; their tenant is its.
    pub owner: Owner,
    /// What they may do.
    pub role: Role,
    /// The name of the key that they came in with.
    pub key: Option<Arc<str>>,
    /// The models that they may ask for; all, where nothing is said (A11).
    pub models: Option<Arc<[String]>>,
}

impl Principal {
    /// Everybody, where nobody has to say who they are.
    pub fn anonymous(role: Role) -> Self {
        Self { owner: Owner::anonymous(), role, key: None, models: None }
    }
}
