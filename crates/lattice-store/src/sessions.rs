//! Sessions of people who signed in with a browser.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::StoreError;
use crate::records::Hash;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Of the text that the browser shows.
    pub hash: Hash,
    /// Whose it is.
    pub whose: Whose,
    /// When it began: seconds since 1970, UTC.
    pub created_at: i64,
    /// When it was last used.
    pub seen_at: i64,
    /// When it ends, however much it is used.
    pub expires_at: i64,
    /// What is needed to end it elsewhere too; only the text that the browser shows opens it.
    pub sealed: Bytes,
}

/// Whose a session is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// A person's whom an issuer vouches for.
    User {
        /// Who vouches for them.
        issuer: String,
        /// What the issuer knows them by.
        subject: String,
        /// The tenant that they belong to.
        tenant: String,
    },
    /// Of whoever has the key with this text: another text of the same key is another matter.
    Key(Hash),
}

/// Where sessions are kept.
#[async_trait]
pub trait Sessions: Debug + Send + Sync {
    /// Begins a session.
    async fn begin(&self, session: Session) -> Result<(), StoreError>;

    /// A session that has not ended by `now` and was used after `since`.
    async fn session(&self, hash: &Hash, now: i64, since: i64) -> Result<Option<Session>, StoreError>;

    /// Notes that it was used.
    async fn touch(&self, hash: &Hash, now: i64) -> Result<(), StoreError>;

    /// Ends it; whether it was there.
    async fn end(&self, hash: &Hash) -> Result<bool, StoreError>;
}
