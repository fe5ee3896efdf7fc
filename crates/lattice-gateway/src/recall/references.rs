//! `item_reference`: a stored item in the place where it is named (D4).

use std::collections::{HashMap, HashSet};

use lattice_model::{FaultKind, Item, OtherItem, Path, Turn};
use lattice_store::{Reach, Store, StoreError, StoredResponse};
use lattice_wire::responses::stored;

use crate::error::Error;
use crate::{ids, storage};

/// More references than this in one request are refused: each may be a query.
const MOST: usize = 256;

/// The most that the responses hold together that items are taken out of, in bytes.
const LIMIT: usize = 64 << 20;

/// The id that a reference names.
pub(super) fn target(item: &Item) -> Option<&str> {
    match item {
        Item::Other(OtherItem { id: Some(id), kind, .. }) if kind == "item_reference" => Some(id),
        _ => None,
    }
}

/// Puts the items in their places. One that the conversation has already, from the history or from before in the input, is not
/// repeated.
pub(super) async fn resolve(store: &dyn Store, turn: &mut Turn, reach: &Reach) -> Result<(), Error> {
    if turn.input.iter().filter(|item| target(item).is_some()).count() > MOST {
        let message = format!("more than {MOST} item references in one request; send the items themselves");
        return Err(Error::new(FaultKind::InvalidRequest, "invalid_value", message).with_param("input"));
    }
    let mut there: HashSet<String> =
        turn.history.iter().filter_map(|item| item.id().map(str::to_owned)).collect();
    let (mut known, mut size) = (HashMap::new(), 0_usize);
    let mut input = Vec::with_capacity(turn.input.len());
    for (at, item) in std::mem::take(&mut turn.input).into_iter().enumerate() {
        let Some(id) = target(&item) else {
            there.extend(item.id().map(str::to_owned));
            input.push(item);
            continue;
        };
        if !there.insert(id.to_owned()) {
            continue;
        }
        if !known.contains_key(id) {
            let holder = holder(store, reach, id, turn.created_at).await;
            let holder = holder.map_err(|error| storage::error(&error))?;
            let content = holder.as_ref().map(|holder| &holder.content);
            size = size.saturating_add(
                content.map_or(0, |content| content.input.len().saturating_add(content.output.len())),
            );
            if size > LIMIT {
                return Err(storage::error(&StoreError::TooLarge(LIMIT)));
            }
            known.extend(items(holder)?);
        }
        if !known.contains_key(id) {
            known.extend(in_conversations(store, reach, id, turn.created_at).await?);
        }
        let Some(item) = known.get(id) else { return Err(missing(id, Path::Input(at))) };
        input.push(Item::clone(item));
    }
    turn.input = input;
    Ok(())
}

fn missing(id: &str, path: Path<'_>) -> Error {
    let shown: String = id.chars().take(80).collect();
    let message = format!("there is no stored item `{shown}`, or it has expired; send the item itself");
    Error::new(FaultKind::NotStored, "item_not_found", message).with_param(&path.key("id").to_string())
}

/// The response that holds the item.
async fn holder(
    store: &dyn Store,
    reach: &Reach,
    item_id: &str,
    now: i64,
) -> Result<Option<StoredResponse>, StoreError> {
    if !ids::is_plausible(item_id) {
        return Ok(None);
    }
    if let Some(response_id) = ids::response_of(item_id)
        && let Some(found) = store.get(reach, &response_id, now).await?
    {
        return Ok(Some(found));
    }
    store.holder(&reach.owner, item_id, now).await
}

/// The item, if it stands in a conversation.
async fn in_conversations(
    store: &dyn Store,
    reach: &Reach,
    id: &str,
    now: i64,
) -> Result<Option<(String, Item)>, Error> {
    if !ids::is_plausible(id) {
        return Ok(None);
    }
    let found = store.find_entry(reach, id, now).await.map_err(|error| storage::error(&error))?;
    let Some(entry) = found else { return Ok(None) };
    let damaged = |_| storage::error(&StoreError::Unreadable(format!("the item `{id}`")));
    Ok(Some((id.to_owned(), stored::read_item(entry.item).map_err(damaged)?)))
}

/// All items of a response, by their ids.
fn items(response: Option<StoredResponse>) -> Result<Vec<(String, Item)>, Error> {
    let Some(StoredResponse { id, content }) = response else { return Ok(Vec::new()) };
    let damaged = |_| storage::error(&StoreError::Unreadable(format!("the response `{id}`")));
    let input = stored::read_items(content.input).map_err(damaged)?;
    let mut output = stored::read_items(content.output).map_err(damaged)?;
    stored::restore_state(&mut output, stored::read_state(content.state).map_err(damaged)?);
    Ok(input.into_iter().chain(output).filter_map(|item| Some((item.id()?.to_owned(), item))).collect())
}
