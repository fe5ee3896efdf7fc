//! Stored responses, and the chains that they form.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;

use crate::conversations::Addition;
use crate::error::StoreError;
use crate::owner::{Owner, Reach};

/// What a response consists of: JSON, as it was sent or received. A response holds its own input and output and nothing of those that it
/// goes on from (D1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content {
    /// Its input items, with their ids: a list.
    pub input: Bytes,
    /// Its output items as the client saw them: a list.
    pub output: Bytes,
    /// Everything else that the client saw.
    pub frame: Frame,
    /// What only a provider can read and the client did not see: a list of pairs of an item's id and a text. Empty where there is none.
    pub state: Bytes,
}

/// A response as the client saw it, without its output.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frame {
    /// What stands before the list of items, and what stands behind it.
    pub json: Bytes,
    /// Where the list belongs, in bytes from the start.
    pub at: usize,
}

/// A response that is to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewResponse {
    /// Whose it is.
    pub owner: Owner,
    /// Its id: unique over all tenants.
    pub id: String,
    /// The response that it goes on from.
    pub parent: Option<String>,
    /// What it adds to a conversation, if it belongs to one: in the same transaction, and only together with it.
    pub addition: Option<Addition>,
    /// How it ended: `completed`, `incomplete` or `failed`.
    pub status: &'static str,
    /// When it was asked for: seconds since 1970, UTC.
    pub created_at: i64,
    /// From when on it is no longer there: seconds since 1970, UTC. Never, where nothing is said.
    pub expires_at: Option<i64>,
    /// What it consists of.
    pub content: Content,
    /// Ids of its items that do not show which response they belong to: those that a client or a provider gave.
    pub foreign_ids: Vec<String>,
}

/// A response that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// Its id.
    pub id: String,
    /// What it consists of.
    pub content: Content,
}

/// One response of a chain: what a later turn needs of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its id.
    pub id: String,
    /// The response that it goes on from.
    pub parent: Option<String>,
    /// The conversation that it belongs to.
    pub conversation: Option<String>,
    /// How it ended.
    pub status: String,
    /// As in [`Content`].
    pub input: Bytes,
    /// As in [`Content`].
    pub output: Bytes,
    /// As in [`Content`].
    pub state: Bytes,
}

/// Where responses are kept. `now` is seconds since 1970, UTC: what has expired by then is not there (D3).
#[async_trait]
pub trait Responses: Debug + Send + Sync {
    /// Whether a response could be stored now, as far as is known; asks nobody.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it could not.
    fn ready(&self) -> Result<(), StoreError>;

    /// Stores a response; done when it is safe (D2). Responses of one moment are stored together.
    ///
    /// # Errors
    /// [`StoreError::Gone`] where its conversation is not there. Nothing is stored then, as far as can be known: a database that goes away
    /// while it commits may have done so.
    async fn commit(&self, new: NewResponse) -> Result<(), StoreError>;

    /// A response.
    async fn get(&self, reach: &Reach, id: &str, now: i64) -> Result<Option<StoredResponse>, StoreError>;

    /// The response and all that it goes on from, oldest first; nothing where it is not there. Those that it goes on from may have expired:
    /// they are kept for as long as something goes on from them. Where one was deleted, the chain begins behind it.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] where all together hold more than `limit` bytes.
    async fn chain(&self, reach: &Reach, id: &str, now: i64, limit: usize) -> Result<Vec<Link>, StoreError>;

    /// The response that holds an item with this id, the latest where there are several: only for ids that are foreign.
    async fn holder(
        &self,
        owner: &Owner,
        item_id: &str,
        now: i64,
    ) -> Result<Option<StoredResponse>, StoreError>;

    /// Deletes a response for good; false where it is not there. Those that go on from it stay.
    async fn delete(&self, reach: &Reach, id: &str, now: i64) -> Result<bool, StoreError>;
}
