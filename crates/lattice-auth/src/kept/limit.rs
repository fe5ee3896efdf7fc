//! A limit.

use lattice_limits::{Level, Numbers};
use lattice_model::Word;
use lattice_store::StoreError;
use lattice_store::records::{Kind, Record};
use serde::{Deserialize, Serialize};

use super::{Kept, Stamp, read, unreadable, written};
use crate::role::Role;

/// A limit that was set while the gateway runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Its id, and when it was changed.
    pub stamp: Stamp,
    /// Whom it is for.
    pub level: Level,
    /// Which of them; each by itself, where nothing is said.
    pub subject: Option<String>,
    /// The tenant that it is within; none, where it is the installation's.
    pub tenant: Option<String>,
    /// How much.
    pub numbers: Numbers,
    /// The role of whoever set it: nobody below may change it.
    pub role: Role,
}

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    level: String,
    subject: Option<String>,
    numbers: Numbers,
    role: String,
}

/// The level of this name.
pub fn level(name: &str) -> Option<Level> {
    Level::ALL.into_iter().find(|level| level.name() == name)
}

impl Kept for Limit {
    const KIND: Kind = Kind::Limit;

    fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    fn stamp_mut(&mut self) -> &mut Stamp {
        &mut self.stamp
    }

    fn tenant(&self) -> &str {
        self.tenant.as_deref().unwrap_or_default()
    }

    fn to_record(&self) -> Result<Record, StoreError> {
        let Stamp { id, created_at, updated_at, version } = self.stamp.clone();
        let document = Document {
            level: self.level.name().to_owned(),
            subject: self.subject.clone(),
            numbers: self.numbers,
            role: self.role.name().to_owned(),
        };
        Ok(Record {
            kind: Self::KIND,
            id,
            tenant: self.tenant.clone().unwrap_or_default(),
            owner: self.subject.clone().unwrap_or_default(),
            lookup: None,
            name: self.level.name().to_owned(),
            status: "active".to_owned(),
            created_at,
            updated_at,
            version,
            document: written(&document)?,
        })
    }

    fn of_record(record: &Record) -> Result<Self, StoreError> {
        let document: Document = read(record)?;
        let words = || Some((level(&document.level)?, Role::of_name(&document.role)?));
        let (level, role) = words().ok_or_else(|| unreadable(record))?;
        Ok(Self {
            stamp: Stamp::of(record),
            level,
            subject: document.subject,
            tenant: Some(record.tenant.clone()).filter(|tenant| !tenant.is_empty()),
            numbers: document.numbers,
            role,
        })
    }
}
