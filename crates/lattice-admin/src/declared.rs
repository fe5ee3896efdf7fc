//! What the configuration file declares: shown beside what the database keeps, and changed only there (D8).

use lattice_auth::kept::Status;
use lattice_auth::{OF_FILE, Role};
use lattice_limits::{Level, Numbers};

/// Everything that the configuration declares.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// Its tenants.
    pub tenants: Vec<DeclaredTenant>,
    /// Its keys.
    pub keys: Vec<DeclaredKey>,
    /// Its limits.
    pub limits: Vec<DeclaredLimit>,
}

/// A tenant of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredTenant {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Whether its users are let in.
    pub status: Status,
}

/// A key of the configuration, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredKey {
    /// What it is called.
    pub name: String,
    /// Its tenant.
    pub tenant: String,
    /// What it may do.
    pub role: Role,
    /// The models that it may ask for; all, where nothing is said.
    pub models: Option<Vec<String>>,
    /// How much it may do, beside what limits say.
    pub limits: Option<Numbers>,
}

/// A limit of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredLimit {
    /// Its id among all limits.
    pub id: String,
    /// Whom it is for.
    pub level: Level,
    /// Which of them; each by itself, where nothing is said.
    pub subject: Option<String>,
    /// How much.
    pub numbers: Numbers,
}

impl DeclaredKey {
    /// Its id among all keys.
    pub fn id(&self) -> String {
        Self::id_of(&self.name)
    }

    /// The id of the one of this name.
    pub fn id_of(name: &str) -> String {
        format!("{OF_FILE}{name}")
    }
}

impl Declared {
    pub(crate) fn tenant(&self, id: &str) -> Option<&DeclaredTenant> {
        self.tenants.iter().find(|tenant| tenant.id == id)
    }

    pub(crate) fn key(&self, id: &str) -> Option<&DeclaredKey> {
        self.keys.iter().find(|key| key.id() == id)
    }

    /// Whether a tenant is named, also where it is only a key's.
    pub(crate) fn names_tenant(&self, id: &str) -> bool {
        self.tenant(id).is_some() || self.keys.iter().any(|key| key.tenant == id)
    }
}
