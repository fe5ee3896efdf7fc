//! Conversations: lists of items that clients and responses add to.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::StoreError;
use crate::owner::{Owner, Reach};

/// A conversation that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConversation {
    /// Whose it is.
    pub owner: Owner,
    /// Its id: unique over all tenants.
    pub id: String,
    /// When it is made: seconds since 1970, UTC.
    pub created_at: i64,
    /// How long it is kept after its last change, in seconds; for as long as it is not deleted, where nothing is said.
    pub ttl: Option<i64>,
    /// The client's notes: an object of strings.
    pub metadata: Bytes,
    /// What it begins with.
    pub entries: Vec<Entry>,
}

/// A conversation, without its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: String,
    /// When it was made: seconds since 1970, UTC.
    pub created_at: i64,
    /// The client's notes: an object of strings.
    pub metadata: Bytes,
}

/// An item of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The item's id. Where a conversation has several of one id, the latest is meant.
    pub id: String,
    /// The whole item, with what only a provider can read: an object.
    pub item: Bytes,
}

/// What a response adds to a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// Whose the conversation may be.
    pub reach: Reach,
    /// The conversation.
    pub conversation: String,
    /// When: seconds since 1970, UTC.
    pub now: i64,
    /// The response's input and output.
    pub entries: Vec<Entry>,
}

/// Which items of a list are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page<'a> {
    /// Those that come after this one, in the order that is asked for.
    pub after: Option<&'a str>,
    /// At most so many.
    pub limit: usize,
    /// Oldest first; else newest first.
    pub is_ascending: bool,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries {
    /// The items, in the order that was asked for.
    pub entries: Vec<Entry>,
    /// Whether there are more behind them.
    pub has_more: bool,
}

/// Where conversations are kept. `now` is seconds since 1970, UTC: what has expired by then is not there (D3). Whatever changes a conversation
/// makes its time begin again.
#[async_trait]
pub trait Conversations: Debug + Send + Sync {
    /// Makes a conversation.
    async fn create(&self, new: NewConversation) -> Result<(), StoreError>;

    /// A conversation.
    async fn conversation(
        &self,
        reach: &Reach,
        id: &str,
        now: i64,
    ) -> Result<Option<Conversation>, StoreError>;

    /// Puts other notes in place; the conversation as it is then, or nothing where it is not there.
    async fn set_metadata(
        &self,
        reach: &Reach,
        id: &str,
        now: i64,
        metadata: Bytes,
    ) -> Result<Option<Conversation>, StoreError>;

    /// Deletes a conversation and its items; false where it is not there.
    async fn delete_conversation(&self, reach: &Reach, id: &str, now: i64) -> Result<bool, StoreError>;

    /// Adds items behind the others, all or none; false where the conversation is not there.
    async fn append(&self, addition: Addition) -> Result<bool, StoreError>;

    /// A page of its items; nothing where the conversation, or the item before the page, is not there.
    async fn entries(
        &self,
        reach: &Reach,
        id: &str,
        now: i64,
        page: Page<'_>,
    ) -> Result<Option<Entries>, StoreError>;

    /// All of its items, oldest first; nothing where the conversation is not there.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] where all together hold more than `limit` bytes.
    async fn history(
        &self,
        reach: &Reach,
        id: &str,
        now: i64,
        limit: usize,
    ) -> Result<Option<Vec<Entry>>, StoreError>;

    /// One of its items.
    async fn entry(&self, reach: &Reach, id: &str, item: &str, now: i64)
    -> Result<Option<Entry>, StoreError>;

    /// Deletes one of its items; false where it is not there.
    async fn delete_entry(&self, reach: &Reach, id: &str, item: &str, now: i64) -> Result<bool, StoreError>;

    /// The item of this id in any of the owner's conversations, the latest where there are several.
    async fn find_entry(&self, reach: &Reach, item: &str, now: i64) -> Result<Option<Entry>, StoreError>;
}
