//! Records: what is administered, such as tenants, users and keys, and the log of all that was done to it.
//!
//! The one part of the store whose methods take no owner: only the administration and the check of who calls use it, and they apply the
//! tenant themselves (A2). Every change is one transaction with its line in the log, and there is one change at a time: each says which one it
//! follows, so that what was checked before it still holds.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::StoreError;

/// What a record is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A tenant.
    Tenant,
    /// A person or a service.
    User,
    /// An API key.
    Key,
    /// A limit.
    Limit,
    /// The name of something that was removed and does not come back by itself.
    Removed,
}

impl Kind {
    /// As it is stored and shown: it must not change.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::User => "user",
            Self::Key => "key",
            Self::Limit => "limit",
            Self::Removed => "removed",
        }
    }
}

/// Something that is administered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is.
    pub kind: Kind,
    /// Its id, unique for its kind.
    pub id: String,
    /// The tenant that it belongs to; empty where it belongs to the installation.
    pub tenant: String,
    /// The user that it belongs to; empty where it belongs to none.
    pub owner: String,
    /// What else is unique for its kind, such as a user's issuer and subject.
    pub lookup: Option<String>,
    /// What people call it: lists are searched by it.
    pub name: String,
    /// A word that lists can be filtered by.
    pub status: String,
    /// When it was made: seconds since 1970, UTC.
    pub created_at: i64,
    /// When it was last changed.
    pub updated_at: i64,
    /// How often it was written; 1 when it is made.
    pub version: i64,
    /// Everything else: an object.
    pub document: Bytes,
}

/// SHA-256 of a key's text.
pub type Hash = [u8; 32];

/// What is kept of a key's text. A key has two for a while when it is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    /// Of the text.
    pub hash: Hash,
    /// Until when it lets somebody in: seconds since 1970, UTC; for as long as the key does, where nothing is said.
    pub expires_at: Option<i64>,
}

/// What is done to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Makes it, or writes it anew.
    Put(Record),
    /// Removes it.
    Delete(Kind, String),
}

/// Something that was done, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// When: seconds since 1970, UTC.
    pub at: i64,
    /// The tenant of what it was done to; empty for the installation.
    pub tenant: String,
    /// Who did it: a user's or a key's id, or another name.
    pub actor: String,
    /// What was done, such as `key.create`.
    pub action: String,
    /// What it was done to.
    pub object: String,
    /// The id of what it was done to.
    pub object_id: String,
    /// The rest: an object, without secrets.
    pub detail: Bytes,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log, from 1 on, without gaps.
    pub number: i64,
    /// What was done.
    pub deed: Deed,
}

/// An answer that is given again where the same is asked for again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeatable {
    /// Who asks and the name that they gave the request, as one.
    pub name: Hash,
    /// What was asked.
    pub request: Hash,
    /// The answer, as it is to be kept.
    pub answer: Bytes,
    /// Until when it is kept: seconds since 1970, UTC.
    pub expires_at: i64,
}

/// A change, whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The last change that was there when this one was checked; it follows whichever is there, where nothing is said.
    pub follows: Option<i64>,
    /// What is written; nothing, where something else happened that is put on record.
    pub writes: Vec<Write>,
    /// A key's secrets as they are from then on, where they change.
    pub secrets: Option<Vec<Secret>>,
    /// The line in the log.
    pub deed: Deed,
    /// Whether it changes who may call.
    pub concerns_callers: bool,
    /// Whether it changes settings, such as limits.
    pub concerns_settings: bool,
    /// The answer to it, if it may be asked for again.
    pub repeatable: Option<Repeatable>,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is safe.
    Done,
    /// Another one was faster: nothing was written, and it has to be checked again.
    Overtaken,
    /// Its id, or what else has to be unique, is another's. Nothing was written.
    Taken,
}

/// How far the changes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Revision {
    /// The number of the last change.
    pub changes: i64,
    /// How many of them changed who may call.
    pub callers: i64,
    /// How many of them changed settings.
    pub settings: i64,
}

/// Which records are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// What they are.
    pub kind: Kind,
    /// Of this tenant; of all, where nothing is said.
    pub tenant: Option<&'a str>,
    /// Of this user.
    pub owner: Option<&'a str>,
    /// With this status.
    pub status: Option<&'a str>,
    /// With this in their name, whatever its case.
    pub search: Option<&'a str>,
    /// Those that come after this id, in the order that is asked for.
    pub after: Option<&'a str>,
    /// At most so many.
    pub limit: usize,
    /// By rising ids; else by falling ones.
    pub is_ascending: bool,
}

/// Which lines of the log are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked<'a> {
    /// Of this tenant; of all, where nothing is said.
    pub tenant: Option<&'a str>,
    /// By whom.
    pub actor: Option<&'a str>,
    /// What was done.
    pub action: Option<&'a str>,
    /// To what.
    pub object: Option<&'a str>,
    /// To which.
    pub object_id: Option<&'a str>,
    /// Not before: seconds since 1970, UTC.
    pub from: Option<i64>,
    /// Before: seconds since 1970, UTC.
    pub to: Option<i64>,
    /// Those that come after this one, in the order that is asked for.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: usize,
    /// Oldest first; else newest first.
    pub is_ascending: bool,
}

/// Where records are kept.
#[async_trait]
pub trait Records: Debug + Send + Sync {
    /// How far the changes are.
    async fn revision(&self) -> Result<Revision, StoreError>;

    /// A record.
    async fn record(&self, kind: Kind, id: &str) -> Result<Option<Record>, StoreError>;

    /// The record that this belongs to.
    async fn looked_up(&self, kind: Kind, lookup: &str) -> Result<Option<Record>, StoreError>;

    /// A page of records, and one more where there are more.
    async fn records(&self, wanted: Wanted<'_>) -> Result<Vec<Record>, StoreError>;

    /// The key with this secret, and the secret.
    async fn holder_of(&self, hash: &Hash) -> Result<Option<(Record, Secret)>, StoreError>;

    /// The secrets of a key.
    async fn secrets(&self, key: &str) -> Result<Vec<Secret>, StoreError>;

    /// Makes a change; done when it is safe.
    async fn change(&self, change: Change) -> Result<Outcome, StoreError>;

    /// A page of the log, and one line more where there are more.
    async fn log(&self, looked: Looked<'_>) -> Result<Vec<Entry>, StoreError>;

    /// An answer that was given, if it is kept still.
    async fn repeated(&self, name: &Hash, now: i64) -> Result<Option<Repeatable>, StoreError>;

    /// Notes when keys were last used: ids and seconds since 1970, UTC.
    async fn note_uses(&self, uses: &[(String, i64)]) -> Result<(), StoreError>;

    /// When keys were last used, those that were.
    async fn uses(&self, keys: &[&str]) -> Result<Vec<(String, i64)>, StoreError>;
}
