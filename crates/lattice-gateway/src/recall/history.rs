//! The conversation that a response ends.

use std::sync::Arc;

use lattice_model::{FaultKind, Item, Status};
use lattice_store::{Link, Owner, Responses, StoreError};
use lattice_wire::responses::stored;

use crate::error::Error;
use crate::{ids, storage};

/// The most that a stored conversation may hold, in bytes.
const LIMIT: usize = 64 << 20;

/// All that was said up to and with the response.
pub(super) async fn of_response(
    store: &dyn Responses,
    owner: &Owner,
    id: &str,
    now: i64,
) -> Result<Vec<Arc<Item>>, Error> {
    let chain = if ids::is_plausible(id) {
        store.chain(owner, id, now, LIMIT).await.map_err(|error| storage::error(&error))?
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
    output
        .retain(|item| !matches!(item, Item::FunctionCall(call) if call.status == Some(Status::Incomplete)));
    Ok(input.into_iter().chain(output).map(Arc::new))
}
