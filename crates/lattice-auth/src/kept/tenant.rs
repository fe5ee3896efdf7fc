//! A tenant.

use lattice_model::Word;
use lattice_store::StoreError;
use lattice_store::records::{Kind, Record};

use super::{Kept, Stamp, Status, unreadable};

/// A customer, a team: whose users see nothing of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id, which people choose, and when it was changed.
    pub stamp: Stamp,
    /// What it is called.
    pub name: String,
    /// Whether its users are let in.
    pub status: Status,
}

impl Kept for Tenant {
    const KIND: Kind = Kind::Tenant;

    fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    fn stamp_mut(&mut self) -> &mut Stamp {
        &mut self.stamp
    }

    fn tenant(&self) -> &str {
        &self.stamp.id
    }

    fn to_record(&self) -> Result<Record, StoreError> {
        let Stamp { id, created_at, updated_at, version } = self.stamp.clone();
        Ok(Record {
            kind: Self::KIND,
            tenant: id.clone(),
            id,
            owner: String::new(),
            lookup: None,
            name: self.name.clone(),
            status: self.status.name().to_owned(),
            created_at,
            updated_at,
            version,
            document: bytes::Bytes::from_static(b"{}"),
        })
    }

    fn of_record(record: &Record) -> Result<Self, StoreError> {
        let status = Status::of_name(&record.status).ok_or_else(|| unreadable(record))?;
        Ok(Self { stamp: Stamp::of(record), name: record.name.clone(), status })
    }
}
