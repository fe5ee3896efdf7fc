//! A whole completion: the same pieces as a stream's, all at once.

use lattice_model::{Delta, Turn};
use lattice_wire::Document;
use lattice_wire::chat_completions::Completion;

use super::stream::Chunks;
use super::values::{failed, usage_of};
use crate::error::DecodeError;
use crate::faults::Meanings;

pub(super) fn decode(
    turn: &Turn,
    body: &Document,
    meanings: Meanings,
    deltas: &mut Vec<Delta>,
) -> Result<(), DecodeError> {
    let completion: Completion<'_> =
        lattice_wire::parse(body).map_err(|error| DecodeError::Malformed(error.to_string()))?;
    if let Some(error) = completion.error.filter(|error| !error.is_null()) {
        // Azure reports a filtered prompt so, with status 200.
        deltas.push(Delta::End(failed(error, meanings)));
        return Ok(());
    }
    let choices = completion.choices.iter().flatten();
    let told = choices.filter(|choice| choice.finish_reason.is_some() || choice.message.is_some());
    let Some(choice) = told.min_by_key(|choice| choice.index.unwrap_or_default()) else {
        return Err(DecodeError::Malformed("the completion has no choices".to_owned()));
    };
    let mut chunks = Chunks::new(turn, meanings);
    chunks.begin(&completion, deltas);
    chunks.choice(choice, body, deltas);
    if let Some(usage) = completion.usage {
        deltas.push(Delta::Usage(Box::new(usage_of(usage))));
    }
    chunks.conclude(deltas);
    Ok(())
}
