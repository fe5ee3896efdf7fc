//! Conversations, as clients manage them.

use std::collections::HashSet;

use bytes::Bytes;
use lattice_model::{FaultKind, Item, Json, Path};
use lattice_store::{Addition, Conversation, Entry, NewConversation, Page, Reach, StoreError};
use lattice_wire::responses::stored;

use crate::error::Error;
use crate::ids;
use crate::keep::entry;
use crate::storage::{self, Storage};

/// The most items that one request adds.
const MOST: usize = 100;

/// Somebody's conversations, at one moment.
#[derive(Debug)]
pub struct Conversations<'a> {
    storage: &'a Storage,
    reach: Reach,
    /// Seconds since 1970, UTC.
    now: i64,
}

impl<'a> Conversations<'a> {
    pub(crate) fn of(storage: Option<&'a Storage>, reach: Reach, now: i64) -> Result<Self, Error> {
        let storage = storage.ok_or_else(|| {
            let message = "this gateway stores nothing (`conversations.enabled` is `false`), so there are no conversations";
            Error::new(FaultKind::NotStored, "conversation_not_found", message)
        })?;
        Ok(Self { storage, reach, now })
    }

    /// Refuses items that could not be found again, or that no turn could go on with. `id` is the conversation that they come to.
    pub(crate) async fn check(&self, id: Option<&str>, items: &[Item]) -> Result<(), Error> {
        if items.len() > MOST {
            let message = format!("more than {MOST} items at once; add them in several requests");
            return Err(Error::new(FaultKind::InvalidRequest, "invalid_value", message).with_param("items"));
        }
        let mut given = HashSet::new();
        for (at, item) in items.iter().enumerate() {
            let refused = |key: &str, message: String| {
                let param = Path::Field("items").index(at).key(key).to_string();
                Error::new(FaultKind::InvalidRequest, "invalid_value", message).with_param(&param)
            };
            if let Item::Other(other) = item
                && !is_known(&other.kind)
            {
                let shown: String = other.kind.chars().take(80).collect();
                return Err(refused("type", format!("no provider takes items of type `{shown}`")));
            }
            let Some(item_id) = item.id() else { continue };
            if !ids::is_plausible(item_id) {
                let message = "an id is 1 to 128 letters, digits, `_`, `-`, `.`, `:`, `~`, `=`, `+` and `@`; leave it out to get one";
                return Err(refused("id", message.to_owned()));
            }
            let is_taken = match id {
                _ if !given.insert(item_id) => true,
                Some(id) => {
                    let found = self.storage.store.entry(&self.reach, id, item_id, self.now).await;
                    found.map_err(|error| storage::error(&error))?.is_some()
                }
                None => false,
            };
            if is_taken {
                return Err(refused(
                    "id",
                    format!("the conversation has an item with the id `{item_id}` already"),
                ));
            }
        }
        Ok(())
    }

    pub(crate) async fn create(
        &self,
        id: String,
        items: &[Item],
        metadata: Option<Json>,
        expires_after: Option<u64>,
    ) -> Result<Conversation, Error> {
        let metadata = metadata.map_or(Bytes::from_static(b"{}"), |metadata| metadata.raw().clone());
        let new = NewConversation {
            owner: self.reach.owner.clone(),
            id: id.clone(),
            created_at: self.now,
            ttl: self.storage.ttl(expires_after)?,
            metadata: metadata.clone(),
            entries: items.iter().filter_map(entry).collect(),
        };
        self.storage.store.create(new).await.map_err(|error| storage::error(&error))?;
        Ok(Conversation { id, created_at: self.now, metadata })
    }

    /// A conversation.
    ///
    /// # Errors
    /// `FaultKind::NotStored` where it is not there, or is somebody else's (A2); `FaultKind::Storage` where the store is away.
    pub async fn get(&self, id: &str) -> Result<Conversation, Error> {
        plausible(id)?;
        let found = self.storage.store.conversation(&self.reach, id, self.now).await;
        found.map_err(|error| storage::error(&error))?.ok_or_else(|| missing(id))
    }

    /// Puts other notes in place.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn set_metadata(&self, id: &str, metadata: &Json) -> Result<Conversation, Error> {
        plausible(id)?;
        let changed =
            self.storage.store.set_metadata(&self.reach, id, self.now, metadata.raw().clone()).await;
        changed.map_err(|error| storage::error(&error))?.ok_or_else(|| missing(id))
    }

    /// Deletes a conversation and its items. Responses that were made in it stay.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        plausible(id)?;
        let deleted = self.storage.store.delete_conversation(&self.reach, id, self.now).await;
        deleted.map_err(|error| storage::error(&error))?.then_some(()).ok_or_else(|| missing(id))
    }

    pub(crate) async fn add(&self, id: &str, items: &[Item]) -> Result<(), Error> {
        plausible(id)?;
        let entries = items.iter().filter_map(entry).collect();
        let addition =
            Addition { reach: self.reach.clone(), conversation: id.to_owned(), now: self.now, entries };
        let added = self.storage.store.append(addition).await;
        added.map_err(|error| storage::error(&error))?.then_some(()).ok_or_else(|| missing(id))
    }

    /// A page of its items, and whether there are more. `with_state` shows encrypted reasoning.
    ///
    /// # Errors
    /// As [`Self::get`], and `FaultKind::InvalidRequest` where the item before the page is not there.
    pub async fn items(
        &self,
        id: &str,
        page: Page<'_>,
        with_state: bool,
    ) -> Result<(Vec<Item>, bool), Error> {
        plausible(id)?;
        let found = if page.after.is_none_or(ids::is_plausible) {
            let found = self.storage.store.entries(&self.reach, id, self.now, page).await;
            found.map_err(|error| storage::error(&error))?
        } else {
            None
        };
        let Some(found) = found else {
            // Either of the two is not there.
            self.get(id).await?;
            let message = "`after` names no item of this conversation";
            return Err(Error::new(FaultKind::InvalidRequest, "invalid_value", message).with_param("after"));
        };
        let items: Result<Vec<Item>, Error> =
            found.entries.into_iter().map(|entry| shown(entry, with_state)).collect();
        Ok((items?, found.has_more))
    }

    /// One of its items.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn item(&self, id: &str, item: &str, with_state: bool) -> Result<Item, Error> {
        plausible(id)?;
        let found = if ids::is_plausible(item) {
            self.storage.store.entry(&self.reach, id, item, self.now).await
        } else {
            Ok(None)
        };
        let found = found.map_err(|error| storage::error(&error))?;
        shown(found.ok_or_else(|| missing_item(id, item))?, with_state)
    }

    /// Deletes one of its items: the conversation as it is then.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn delete_item(&self, id: &str, item: &str) -> Result<Conversation, Error> {
        plausible(id)?;
        let deleted = if ids::is_plausible(item) {
            self.storage.store.delete_entry(&self.reach, id, item, self.now).await
        } else {
            Ok(false)
        };
        if !deleted.map_err(|error| storage::error(&error))? {
            return Err(missing_item(id, item));
        }
        self.get(id).await
    }
}

/// Kinds of items beyond the standard's that some provider takes: those of `OpenAI`'s hosted tools, and our own.
/// <https://platform.openai.com/docs/api-reference/conversations/create-items>
fn is_known(kind: &str) -> bool {
    const ENDS: &[&str] = &["_call", "_call_output", "_output"];
    const OTHERS: &[&str] =
        &["mcp_list_tools", "mcp_approval_request", "mcp_approval_response", "compaction"];
    const TOOLS: &[&str] = &[
        "file_search",
        "web_search",
        "computer",
        "image_generation",
        "code_interpreter",
        "local_shell",
        "shell",
        "apply_patch",
        "mcp",
        "custom_tool",
        "tool_search",
    ];
    let of_a_tool = |tool: &&str| kind.strip_prefix(*tool).is_some_and(|rest| ENDS.contains(&rest));
    kind.starts_with("latticelm:") || OTHERS.contains(&kind) || TOOLS.iter().any(of_a_tool)
}

fn plausible(id: &str) -> Result<(), Error> {
    if ids::is_plausible(id) { Ok(()) } else { Err(missing(id)) }
}

fn missing(id: &str) -> Error {
    storage::no_conversation(id)
}

fn missing_item(id: &str, item: &str) -> Error {
    let short = |text: &str| text.chars().take(80).collect::<String>();
    let message = format!("there is no item `{}` in a stored conversation `{}`", short(item), short(id));
    Error::new(FaultKind::NotStored, "item_not_found", message)
}

fn shown(entry: Entry, with_state: bool) -> Result<Item, Error> {
    let damaged = |_| storage::error(&StoreError::Unreadable(format!("the item `{}`", entry.id)));
    let mut item = stored::read_item(entry.item).map_err(damaged)?;
    if let Item::Reasoning(reasoning) = &mut item
        && !with_state
    {
        reasoning.encrypted = None;
    }
    Ok(item)
}
