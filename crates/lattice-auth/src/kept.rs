//! Tenants, users and keys as the database keeps them, and as records.

mod api_key;
mod limit;
mod tenant;
mod user;

use bytes::Bytes;
use lattice_store::StoreError;
use lattice_store::records::{Kind, Record};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use api_key::ApiKey;
pub use limit::{Limit, level};
pub use tenant::Tenant;
pub use user::{User, UserKind, lookup};

/// What is kept as a record.
pub trait Kept: Sized {
    /// What it is.
    const KIND: Kind;

    /// When it was made and changed.
    fn stamp(&self) -> &Stamp;

    /// The same, to write.
    fn stamp_mut(&mut self) -> &mut Stamp;

    /// The tenant that it belongs to.
    fn tenant(&self) -> &str;

    /// As it is stored.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for what cannot be written, which is a defect.
    fn to_record(&self) -> Result<Record, StoreError>;

    /// As it was stored.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] for what this version cannot read.
    fn of_record(record: &Record) -> Result<Self, StoreError>;
}

/// What every record has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stamp {
    /// Its id.
    pub id: String,
    /// When it was made: seconds since 1970, UTC.
    pub created_at: i64,
    /// When it was last changed.
    pub updated_at: i64,
    /// How often it was written; 1 when it is made.
    pub version: i64,
}

impl Stamp {
    /// Of something that is made now.
    pub fn new(id: String, now: i64) -> Self {
        Self { id, created_at: now, updated_at: now, version: 1 }
    }

    /// Of the same after a change.
    #[must_use]
    pub fn changed(&self, now: i64) -> Self {
        Self { updated_at: now, version: self.version.saturating_add(1), ..self.clone() }
    }

    fn of(record: &Record) -> Self {
        let Record { id, created_at, updated_at, version, .. } = record;
        Self { id: id.clone(), created_at: *created_at, updated_at: *updated_at, version: *version }
    }
}

/// Whether somebody is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Yes.
    Active,
    /// Not until an administrator says so.
    Suspended,
}

impl lattice_model::Word for Status {
    const ALL: &'static [Self] = &[Self::Active, Self::Suspended];

    fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

fn read<D: DeserializeOwned>(record: &Record) -> Result<D, StoreError> {
    serde_json::from_slice(&record.document).map_err(|_| unreadable(record))
}

fn unreadable(record: &Record) -> StoreError {
    StoreError::Unreadable(format!("the {} `{}`", record.kind.name(), record.id))
}

fn written<D: Serialize>(document: &D) -> Result<Bytes, StoreError> {
    let failed = |_| StoreError::Refused("a record could not be written".to_owned());
    serde_json::to_vec(document).map(Bytes::from).map_err(failed)
}
