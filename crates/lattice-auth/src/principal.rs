//! Who is calling.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use lattice_limits::Numbers;
use lattice_store::Owner;

use crate::role::Role;

/// Who is calling: the same person or service is the same principal however they come in (A1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Whose is what they store; their tenant is its.
    pub owner: Owner,
    /// What they may do.
    pub role: Role,
    /// The id of the user, where they are one.
    pub user: Option<Arc<str>>,
    /// The key that they came in with.
    pub key: Option<KeyName>,
    /// What the key holds them to.
    pub bounds: Bounds,
}

/// What a key is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName {
    /// Its id.
    pub id: Arc<str>,
    /// What people call it.
    pub name: Arc<str>,
}

/// What a key holds its caller to, beside its role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bounds {
    /// The models that they may ask for; all, where nothing is said (A11).
    pub models: Option<Arc<[String]>>,
    /// The provider entries that may answer them; all, where nothing is said.
    pub providers: Option<Arc<[String]>>,
    /// Where they may call from; anywhere, where nothing is said.
    pub ip_ranges: Option<Arc<[IpNet]>>,
    /// Until when: seconds since 1970, UTC.
    pub expires_at: Option<i64>,
    /// How much it may do, beside what limits say.
    pub limits: Option<Arc<Numbers>>,
}

impl Principal {
    /// Everybody, where nobody has to say who they are.
    pub fn anonymous(role: Role) -> Self {
        Self { owner: Owner::anonymous(), role, user: None, key: None, bounds: Bounds::default() }
    }

    /// Whether nobody knows who it is.
    pub fn is_anonymous(&self) -> bool {
        self.user.is_none() && self.key.is_none()
    }

    /// What the log of the administration calls them: a user's id, or a key's name.
    pub fn name(&self) -> &str {
        self.user.as_deref().unwrap_or(&self.owner.subject)
    }
}

impl Bounds {
    /// Whether somebody may call from there. Where the place is not known, only who may call from anywhere.
    pub fn admit(&self, address: Option<IpAddr>) -> bool {
        let Some(ranges) = &self.ip_ranges else { return true };
        address.is_some_and(|address| ranges.iter().any(|range| range.contains(&address)))
    }
}
