//! The conversation that a response ends.

use std::sync::Arc;

use lattice_model::{FaultKind, Item, Status};
use lattice_store::{Link, Reach, Store, StoreError};
use lattice_wire::responses::stored;

use crate::error::Error;
use crate::{ids, storage};

/// The most that a stored conversation may hold, in bytes.
const LIMIT: usize = 64 << 20;

/// All that was said up to and with the response.
pub(super) async fn of_response(
    store: &dyn Store,
    reach: &Reach,
    id: &str,
    now: i64,
) -> Result<Vec<Arc<Item>>, Error> {
    let chain = if ids::is_plausible(id) {
        store.chain(reach, id, now, LIMIT).await.map_err(|error| storage::error(&error))?
    } else {
        Vec::new()
    };
    let (Some(first), Some(last)) = (chain.first(), chain.last()) else {
        let shown: String = id.chars().take(80).collect();
        let message = format!(
            "there is no stored response `{shown}`, or it has expired; send the whole conversation in `input`"
        );
        return Err(missing(message));
    };
    if let Some(deleted) = &first.parent {
        let message = format!(
            "the response `{deleted}`, which `{id}` goes on from, was deleted; send the whole conversation in `input`"
        );
        return Err(missing(message));
    }
    if let Some(conversation) = &first.conversation {
        let message = format!(
            "the response `{id}` belongs to the conversation `{conversation}`; go on with `conversation`"
        );
        return Err(Error::new(FaultKind::InvalidRequest, "previous_response_in_conversation", message)
            .with_param("previous_response_id"));
    }
    if last.status == "failed" {
        let message = format!("the response `{id}` failed; go on from the one before it");
        return Err(Error::new(FaultKind::InvalidRequest, "previous_response_failed", message)
            .with_param("previous_response_id"));
    }
    let mut history = Vec::new();
    for link in chain {
        history.extend(items(link).map_err(|error| storage::error(&error))?);
    }
    Ok(history)
}

/// All items of a conversation.
pub(super) async fn of_conversation(
    store: &dyn Store,
    reach: &Reach,
    id: &str,
    now: i64,
) -> Result<Vec<Arc<Item>>, Error> {
    let entries = if ids::is_plausible(id) {
        store.history(reach, id, now, LIMIT).await.map_err(|error| storage::error(&error))?
    } else {
        None
    };
    let entries = entries.ok_or_else(|| storage::no_conversation(id).with_param("conversation"))?;
    let mut history = Vec::with_capacity(entries.len());
    for entry in entries {
        let damaged = |_| storage::error(&StoreError::Unreadable(format!("the item `{}`", entry.id)));
        let item = stored::read_item(entry.item).map_err(damaged)?;
        history.extend((!is_cut(&item)).then(|| Arc::new(item)));
    }
    Ok(history)
}

fn is_cut(item: &Item) -> bool {
    matches!(item, Item::FunctionCall(call) if call.status == Some(Status::Incomplete))
}

fn missing(message: String) -> Error {
    Error::new(FaultKind::NotStored, "previous_response_not_found", message)
        .with_param("previous_response_id")
}

/// What one response added. A call that was cut short was never made, and nothing can answer it.
fn items(link: Link) -> Result<impl Iterator<Item = Arc<Item>>, StoreError> {
    let damaged = |_| StoreError::Unreadable(format!("the response `{}`", link.id));
    let input = stored::read_items(link.input).map_err(damaged)?;
    let mut output = stored::read_items(link.output).map_err(damaged)?;
    stored::restore_state(&mut output, stored::read_state(link.state).map_err(damaged)?);
    output.retain(|item| !is_cut(item));
    Ok(input.into_iter().chain(output).map(Arc::new))
}
