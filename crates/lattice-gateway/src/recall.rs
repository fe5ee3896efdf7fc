//! What was said before comes in front of what is new.

mod history;
mod references;

use std::collections::HashSet;

use lattice_model::{FaultKind, Item, Turn};
use lattice_store::Reach;

use crate::error::Error;
use crate::storage::Storage;

/// Puts the stored conversation in front of the turn's input, and stored items in the place of references to them.
pub(crate) async fn recall(storage: Option<&Storage>, turn: &mut Turn, reach: &Reach) -> Result<(), Error> {
    if let Some(id) = turn.previous_response_id.clone() {
        let storage = needed(storage, "previous_response_id")?;
        turn.history = history::of_response(&*storage.store, reach, &id, turn.created_at).await?;
    }
    if let Some(id) = turn.conversation.clone() {
        let storage = needed(storage, "conversation")?;
        turn.history = history::of_conversation(&*storage.store, reach, &id, turn.created_at).await?;
    }
    if turn.store {
        needed(storage, "store")?;
    }
    if turn.input.iter().any(|item| references::target(item).is_some()) {
        let storage = needed(storage, "input")?;
        references::resolve(&*storage.store, turn, reach).await?;
    }
    check_calls(turn)
}

fn needed<'a>(storage: Option<&'a Storage>, param: &str) -> Result<&'a Storage, Error> {
    storage.ok_or_else(|| {
        let message = "this gateway stores nothing (`conversations.enabled` is `false`): leave it out, and send the whole conversation in `input`";
        Error::new(FaultKind::InvalidRequest, "unsupported_parameter", message).with_param(param)
    })
}

/// Every result that the caller sends has to follow its call.
fn check_calls(turn: &Turn) -> Result<(), Error> {
    let has_results = turn.input.iter().any(|item| matches!(item, Item::FunctionCallOutput(_)));
    if !has_results {
        return Ok(());
    }
    let mut calls = HashSet::new();
    for said in turn.items() {
        match said.item {
            Item::FunctionCall(call) => {
                calls.insert(call.call_id.as_str());
            }
            Item::FunctionCallOutput(output) if !calls.contains(output.call_id.as_str()) => {
                let shown: String = output.call_id.chars().take(80).collect();
                let message = format!("no `function_call` before it has the call id `{shown}`");
                let param = said.path.key("call_id").to_string();
                return Err(
                    Error::new(FaultKind::InvalidRequest, "invalid_value", message).with_param(&param)
                );
            }
            _ => {}
        }
    }
    Ok(())
}
