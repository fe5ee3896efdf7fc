//! What clients ask for of stored responses.

use bytes::{Bytes, BytesMut};
use lattice_model::{FaultKind, Item, Json};
use lattice_store::{Content, Reach, StoreError, StoredResponse};
use lattice_wire::responses::stored;

use crate::error::Error;
use crate::ids;
use crate::storage::{self, Storage};

/// A look at what is stored for somebody, at one moment.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) storage: Option<&'a Storage>,
    pub(crate) reach: Reach,
    /// Seconds since 1970, UTC.
    pub(crate) now: i64,
}

impl View<'_> {
    /// A response as the client got it; with the encrypted reasoning that it did not ask for then, if it does now.
    pub(crate) async fn response(&self, id: &str, with_state: bool) -> Result<Json, Error> {
        let content = self.stored(id).await?.content;
        let output = if with_state { with_its_state(&content, id)? } else { content.output.clone() };
        let frame = &content.frame;
        let mut whole = BytesMut::with_capacity(frame.json.len().saturating_add(output.len()));
        whole.extend_from_slice(frame.json.get(..frame.at).unwrap_or_default());
        whole.extend_from_slice(&output);
        whole.extend_from_slice(frame.json.get(frame.at..).unwrap_or_default());
        Ok(Json::from_raw(whole.freeze()))
    }

    /// The items that a response was asked with.
    pub(crate) async fn input_items(&self, id: &str) -> Result<Vec<Item>, Error> {
        let content = self.stored(id).await?.content;
        stored::read_items(content.input).map_err(|_| damaged(id))
    }

    /// Deletes a response for good.
    pub(crate) async fn delete_response(&self, id: &str) -> Result<(), Error> {
        let deleted = match self.storage {
            Some(storage) if ids::is_plausible(id) => storage.store.delete(&self.reach, id, self.now).await,
            _ => Ok(false),
        };
        match deleted {
            Ok(true) => Ok(()),
            Ok(false) => Err(missing(self.storage, id)),
            Err(error) => Err(storage::error(&error)),
        }
    }

    async fn stored(&self, id: &str) -> Result<StoredResponse, Error> {
        let found = match self.storage {
            Some(storage) if ids::is_plausible(id) => storage.store.get(&self.reach, id, self.now).await,
            _ => Ok(None),
        };
        found.map_err(|error| storage::error(&error))?.ok_or_else(|| missing(self.storage, id))
    }
}

fn missing(storage: Option<&Storage>, id: &str) -> Error {
    let shown: String = id.chars().take(80).collect();
    let message = match storage {
        Some(_) => format!("there is no stored response `{shown}`, or it has expired"),
        None => format!(
            "there is no stored response `{shown}`: this gateway stores nothing (`conversations.enabled` is `false`)"
        ),
    };
    Error::new(FaultKind::NotStored, "response_not_found", message)
}

fn damaged(id: &str) -> Error {
    storage::error(&StoreError::Unreadable(format!("the response `{id}`")))
}

fn with_its_state(content: &Content, id: &str) -> Result<Bytes, Error> {
    if content.state.is_empty() {
        return Ok(content.output.clone());
    }
    let mut output = stored::read_items(content.output.clone()).map_err(|_| damaged(id))?;
    let state = stored::read_state(content.state.clone()).map_err(|_| damaged(id))?;
    stored::restore_state(&mut output, state);
    Ok(stored::write_items(&output).to_bytes())
}
