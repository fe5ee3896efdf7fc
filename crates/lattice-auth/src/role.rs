//! What somebody may do, from least to most.

use lattice_model::Word;

/// What somebody may do. Each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads what is its own, and changes nothing.
    Viewer,
    /// Asks for responses, and keeps what is its own.
    Member,
    /// Runs a tenant.
    Admin,
    /// Owns a tenant.
    Owner,
    /// Runs the installation, above all tenants.
    Operator,
}

impl Word for Role {
    const ALL: &'static [Self] = &[Self::Viewer, Self::Member, Self::Admin, Self::Owner, Self::Operator];

    fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
            Self::Operator => "operator",
        }
    }
}
