//! An API key, without its text.

use ipnet::IpNet;
use lattice_limits::Numbers;
use lattice_model::Word;
use lattice_store::StoreError;
use lattice_store::records::{Kind, Record};
use serde::{Deserialize, Serialize};

use super::{Kept, Stamp, read, unreadable, written};
use crate::role::Role;

/// The status of a key that lets somebody in, and of one that does not any more.
const ACTIVE: &str = "active";
const REVOKED: &str = "revoked";

/// An API key, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id, and when it was changed.
    pub stamp: Stamp,
    /// What it is called.
    pub name: String,
    /// The tenant that it belongs to.
    pub tenant: String,
    /// The user who calls with it; where there is none, the key itself owns what it makes.
    pub user: Option<String>,
    /// The most that it may do; its user's role may be less.
    pub role: Role,
    /// The models that it may ask for; all, where nothing is said.
    pub models: Option<Vec<String>>,
    /// The provider entries that may answer it; all, where nothing is said.
    pub providers: Option<Vec<String>>,
    /// Where it may be used from; anywhere, where nothing is said.
    pub ip_ranges: Option<Vec<IpNet>>,
    /// Until when it lets somebody in: seconds since 1970, UTC.
    pub expires_at: Option<i64>,
    /// How much it may do, beside what limits say.
    pub limits: Option<Numbers>,
    /// How its text begins, to tell it from others.
    pub prefix: String,
    /// It lets nobody in any more.
    pub is_revoked: bool,
    /// Who made it.
    pub made_by: String,
    /// The id of the key that it was made with, where it ends with that one: whoever runs no tenant makes nothing that outlives them.
    pub parent: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    user: Option<String>,
    role: String,
    models: Option<Vec<String>>,
    providers: Option<Vec<String>>,
    ip_ranges: Option<Vec<String>>,
    expires_at: Option<i64>,
    #[serde(default)]
    limits: Option<Numbers>,
    prefix: String,
    made_by: String,
    #[serde(default)]
    parent: Option<String>,
}

impl Kept for ApiKey {
    const KIND: Kind = Kind::Key;

    fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    fn stamp_mut(&mut self) -> &mut Stamp {
        &mut self.stamp
    }

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn to_record(&self) -> Result<Record, StoreError> {
        let Stamp { id, created_at, updated_at, version } = self.stamp.clone();
        let document = Document {
            user: self.user.clone(),
            role: self.role.name().to_owned(),
            models: self.models.clone(),
            providers: self.providers.clone(),
            ip_ranges: self.ip_ranges.as_ref().map(|ranges| ranges.iter().map(ToString::to_string).collect()),
            expires_at: self.expires_at,
            limits: self.limits,
            prefix: self.prefix.clone(),
            made_by: self.made_by.clone(),
            parent: self.parent.clone(),
        };
        Ok(Record {
            kind: Self::KIND,
            id,
            tenant: self.tenant.clone(),
            // A key that belongs to no user and hangs on no other is its tenant's.
            owner: self.user.clone().or_else(|| self.parent.clone()).unwrap_or_default(),
            lookup: None,
            name: self.name.clone(),
            status: if self.is_revoked { REVOKED } else { ACTIVE }.to_owned(),
            created_at,
            updated_at,
            version,
            document: written(&document)?,
        })
    }

    fn of_record(record: &Record) -> Result<Self, StoreError> {
        let document: Document = read(record)?;
        let role = Role::of_name(&document.role).ok_or_else(|| unreadable(record))?;
        let ranges = document
            .ip_ranges
            .map(|ranges| ranges.iter().map(|range| range.parse()).collect::<Result<Vec<IpNet>, _>>());
        Ok(Self {
            stamp: Stamp::of(record),
            name: record.name.clone(),
            tenant: record.tenant.clone(),
            user: document.user,
            role,
            models: document.models,
            providers: document.providers,
            ip_ranges: ranges.transpose().map_err(|_| unreadable(record))?,
            expires_at: document.expires_at,
            limits: document.limits,
            prefix: document.prefix,
            is_revoked: record.status != ACTIVE,
            made_by: document.made_by,
            parent: document.parent,
        })
    }
}
