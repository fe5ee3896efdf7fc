//! `tenants`: those that this file owns.

use lattice_auth::kept::Status;
use lattice_model::Word;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::auth::named;
use crate::context::Context;
use crate::path::Path;

/// One of `tenants` as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawTenant {
    /// Its id, as in `tenant_id`: letters, digits, `_`, `-` and `.`.
    id: Option<String>,
    /// What people call it. Default its id.
    name: Option<String>,
    /// `active`, or `suspended`: nobody of it is let in. Default `active`.
    status: Option<String>,
}

/// A tenant that the file owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantEntry {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether its users are let in.
    pub status: Status,
}

/// The section.
pub(crate) fn check(raw: Option<&Vec<RawTenant>>, context: &mut Context<'_>) -> Vec<TenantEntry> {
    let mut tenants: Vec<TenantEntry> = Vec::new();
    for (at, one) in raw.into_iter().flatten().enumerate() {
        let path = Path::of(&["tenants"]).index(at);
        let Some(id) = named(one.id.as_deref(), &path.key("id"), context) else { continue };
        if tenants.iter().any(|other| other.id == id) {
            context.error(&path.key("id"), "is another tenant's id");
        }
        let status = match one.status.as_deref() {
            None => Status::Active,
            Some(word) => Status::of_name(word).unwrap_or_else(|| {
                context.error(&path.key("status"), "must be one of `active`, `suspended`");
                Status::Active
            }),
        };
        tenants.push(TenantEntry { name: one.name.clone().unwrap_or_else(|| id.clone()), id, status });
    }
    tenants
}
