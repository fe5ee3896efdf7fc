//! A user: a person, or a service.

use lattice_model::Word;
use lattice_store::StoreError;
use lattice_store::records::{Kind, Record};
use serde::{Deserialize, Serialize};

use super::{Kept, Stamp, Status, read, unreadable, written};
use crate::role::Role;

/// What a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserKind {
    /// Somebody whom an issuer vouches for.
    Person,
    /// A program, known to the gateway alone.
    Service,
}

impl Word for UserKind {
    const ALL: &'static [Self] = &[Self::Person, Self::Service];

    fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Service => "service",
        }
    }
}

/// A person or a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id, and when it was changed.
    pub stamp: Stamp,
    /// Which of the two.
    pub kind: UserKind,
    /// The tenant that they belong to.
    pub tenant: String,
    /// Who vouches for them; empty for a service.
    pub issuer: String,
    /// What the issuer knows them by: the two are what they are found by, and nothing else is (A4).
    pub subject: String,
    /// For people to read; grants nothing.
    pub email: Option<String>,
    /// The groups that their issuer put them in when they first came.
    pub groups: Vec<String>,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they are let in.
    pub status: Status,
    /// They were named by an administrator of their tenant: only tokens that name the tenant are theirs.
    pub is_of_tenant: bool,
}

impl User {
    /// What they are found by.
    pub fn lookup(&self) -> String {
        lookup(&self.issuer, &self.subject, Some(self.tenant.as_str()).filter(|_| self.is_of_tenant))
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    kind: String,
    issuer: String,
    subject: String,
    email: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    role: String,
    #[serde(default)]
    is_of_tenant: bool,
}

/// What a user is found by. With a tenant: only by tokens that name it, which is all that its own administrators can claim.
pub fn lookup(issuer: &str, subject: &str, tenant: Option<&str>) -> String {
    // None of them has a line break in it, so that no two make one text.
    match tenant {
        None => format!("{issuer}\n{subject}"),
        Some(tenant) => format!("{issuer}\n{subject}\n{tenant}"),
    }
}

impl Kept for User {
    const KIND: Kind = Kind::User;

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
            kind: self.kind.name().to_owned(),
            issuer: self.issuer.clone(),
            subject: self.subject.clone(),
            email: self.email.clone(),
            groups: self.groups.clone(),
            role: self.role.name().to_owned(),
            is_of_tenant: self.is_of_tenant,
        };
        Ok(Record {
            kind: Self::KIND,
            id,
            tenant: self.tenant.clone(),
            owner: String::new(),
            lookup: Some(self.lookup()),
            name: self.name.clone(),
            status: self.status.name().to_owned(),
            created_at,
            updated_at,
            version,
            document: written(&document)?,
        })
    }

    fn of_record(record: &Record) -> Result<Self, StoreError> {
        let document: Document = read(record)?;
        let words = || {
            let (kind, role) = (UserKind::of_name(&document.kind)?, Role::of_name(&document.role)?);
            Some((kind, role, Status::of_name(&record.status)?))
        };
        let (kind, role, status) = words().ok_or_else(|| unreadable(record))?;
        Ok(Self {
            stamp: Stamp::of(record),
            kind,
            tenant: record.tenant.clone(),
            issuer: document.issuer,
            subject: document.subject,
            email: document.email,
            groups: document.groups,
            name: record.name.clone(),
            role,
            status,
            is_of_tenant: document.is_of_tenant,
        })
    }
}
