//! What is stored of an answer before the client sees its end (D2).

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use lattice_model::{Fault, Item, Json, Outcome, Response, Turn};
use lattice_store::{Addition, Content, Entry, Frame, NewResponse, Reach, Store};
use lattice_wire::responses::{response, stored};
use lattice_wire::write::Segments;

use crate::clock::Clock;
use crate::error::Error;
use crate::ids;
use crate::storage::{self, Storage};

/// A response on its way into the store. Dropping it does not take it back.
pub(crate) type Commit = BoxFuture<'static, Result<Option<Json>, Fault>>;

/// What is to be stored: nothing, or a response.
#[derive(Debug)]
pub(crate) struct Keep(Option<Box<Planned>>);

#[derive(Debug)]
struct Planned {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    reach: Reach,
    expires_at: Option<i64>,
    input: Segments,
    /// The same as entries of the conversation.
    entries: Vec<Entry>,
    foreign_ids: Vec<String>,
}

/// Plans what is stored of the turn, whose input items get their ids. A store that is away refuses now, before anything is spent.
pub(crate) fn plan(
    storage: Option<&Storage>,
    turn: &mut Turn,
    reach: Reach,
    clock: &Arc<dyn Clock>,
) -> Result<Keep, Error> {
    let Some(storage) = storage.filter(|_| turn.store) else { return Ok(Keep(None)) };
    let expires_at = storage.expires_at(turn.created_at, turn.expires_after)?;
    storage.store.ready().map_err(|error| storage::error(&error))?;
    let mut foreign_ids = Vec::new();
    let mut known: HashSet<String> =
        turn.history.iter().filter_map(|item| item.id().map(str::to_owned)).collect();
    for (at, item) in turn.input.iter_mut().enumerate() {
        // Nothing could be found by an id that is no id, or that something else has.
        match item.id().filter(|id| ids::is_plausible(id) && !known.contains(*id)) {
            Some(id) => foreign_ids.extend(ids::foreign(id, &turn.id)),
            None => item.set_id(ids::of_input(item, &turn.id, at)),
        }
        known.extend(item.id().map(str::to_owned));
    }
    Ok(Keep(Some(Box::new(Planned {
        store: Arc::clone(&storage.store),
        clock: Arc::clone(clock),
        reach,
        expires_at,
        input: stored::write_items(&turn.input),
        entries: turn.conversation.iter().flat_map(|_| turn.input.iter().filter_map(entry)).collect(),
        foreign_ids,
    }))))
}

impl Keep {
    /// Done when the response is safe; what was written of it is what the client gets. Nothing where nothing is to be stored.
    pub(crate) fn commit(&mut self, response: &Arc<Response>) -> Option<Commit> {
        let (planned, response) = (self.0.take()?, Arc::clone(response));
        Some(Box::pin(async move { planned.commit(&response).await }))
    }
}

impl Planned {
    async fn commit(&self, response: &Response) -> Result<Option<Json>, Fault> {
        let written = response::written(response);
        match self.store.commit(self.row(response, &written)).await {
            Ok(()) => Ok(Some(written.json)),
            Err(error) if matches!(response.outcome, Outcome::Failed(_)) => {
                // The client learns that it failed, and why, from the provider's fault.
                tracing::warn!(response_id = response.turn.id, %error, "a failed response was not stored");
                Ok(None)
            }
            Err(error) => Err(storage::fault(&error)),
        }
    }

    /// What the conversation gets: nothing of an answer that failed.
    fn addition(&self, response: &Response) -> Option<Addition> {
        let conversation = response.turn.conversation.clone()?;
        if matches!(response.outcome, Outcome::Failed(_) | Outcome::InProgress) {
            return None;
        }
        let mut output: Vec<Item> = response.output.iter().map(|item| Item::clone(item)).collect();
        stored::restore_state(&mut output, response.state.clone());
        let entries = self.entries.iter().cloned().chain(output.iter().filter_map(entry)).collect();
        Some(Addition { reach: self.reach.clone(), conversation, now: self.clock.seconds(), entries })
    }

    fn row(&self, response: &Response, written: &response::Written) -> NewResponse {
        let turn = &response.turn;
        let (whole, output) = (written.json.raw(), written.output.clone());
        let mut frame = Vec::with_capacity(whole.len().saturating_sub(output.len()));
        frame.extend_from_slice(whole.get(..output.start).unwrap_or_default());
        frame.extend_from_slice(whole.get(output.end..).unwrap_or_default());
        let of_output = response.output.iter().filter_map(|item| Item::id(item));
        let of_output = of_output.filter_map(|id| ids::foreign(id, &turn.id));
        NewResponse {
            owner: self.reach.owner.clone(),
            id: turn.id.clone(),
            parent: turn.previous_response_id.clone(),
            addition: self.addition(response),
            status: match &response.outcome {
                Outcome::Completed => "completed",
                Outcome::Incomplete(_) => "incomplete",
                Outcome::InProgress | Outcome::Failed(_) => "failed",
            },
            created_at: turn.created_at,
            expires_at: self.expires_at,
            content: Content {
                input: self.input.to_bytes(),
                frame: Frame { json: frame.into(), at: output.start },
                output: whole.slice(output),
                state: stored::write_state(&response.state),
            },
            foreign_ids: self.foreign_ids.iter().cloned().chain(of_output).collect(),
        }
    }
}

/// An item as a conversation keeps it. Each has an id by then.
pub(crate) fn entry(item: &Item) -> Option<Entry> {
    Some(Entry { id: item.id()?.to_owned(), item: stored::write_item(item) })
}
