//! The response resource, whole: an answer that was not streamed, and the ends of a stream.

use lattice_model::{AnswerFacts, Delta, End, Fault, IncompleteReason, Item, StepKey};
use lattice_wire::Document;
use lattice_wire::responses::event::{AnyItem, ErrorEvent, ErrorFields, Resource};
use lattice_wire::responses::read;
use lattice_wire::responses::request as wire;
use lattice_wire::{Raw, Str, extra_of};
use serde_json::{Value, json};

use crate::error::DecodeError;
use crate::faults::Meanings;
use crate::seal;

/// What becomes of encrypted reasoning, and of errors.
#[derive(Debug)]
pub(super) struct Sealing {
    /// What it is tagged with; `None` when the client did not ask for it.
    pub(super) origin: Option<String>,
    /// What errors mean.
    pub(super) meanings: Meanings,
}

impl Sealing {
    /// An item with its encrypted reasoning tagged, or taken out.
    pub(super) fn seal(&self, mut item: Item) -> Item {
        if let Item::Reasoning(reasoning) = &mut item {
            let payload = reasoning.encrypted.take();
            reasoning.encrypted = match (&self.origin, payload) {
                (Some(origin), Some(payload)) => Some(seal::tag(origin, &payload)),
                _ => None,
            };
        }
        item
    }
}

pub(super) fn malformed(error: &lattice_wire::ParseError) -> DecodeError {
    let place = if error.path.is_empty() { String::new() } else { format!(" at `{}`", error.path) };
    DecodeError::Malformed(format!("{}{place}", error.message))
}

/// A document in this shape.
pub(super) fn read_as<'a, T: serde::Deserialize<'a>>(document: &'a [u8]) -> Result<T, DecodeError> {
    lattice_wire::parse(document).map_err(|error| malformed(&error))
}

pub(super) fn decode(body: &Document, sealing: &Sealing, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
    let resource: Resource<'_> = read_as(body)?;
    deltas.push(begin(&resource, body));
    items(&resource, body, sealing, deltas)?;
    end(&resource, body, sealing.meanings, deltas)
}

/// The facts about the answer as a whole.
pub(super) fn begin(resource: &Resource<'_>, document: &Document) -> Delta {
    Delta::Begin(AnswerFacts {
        upstream_id: resource.id.map(Str::plain),
        service_tier: resource.service_tier.map(Str::plain).filter(|tier| tier != "auto"),
        settings: extra_of(&resource.extra, document),
    })
}

fn items(
    resource: &Resource<'_>,
    document: &Document,
    sealing: &Sealing,
    deltas: &mut Vec<Delta>,
) -> Result<(), DecodeError> {
    let output = resource
        .output
        .ok_or_else(|| DecodeError::Malformed("the response has no `output`".to_owned()))?
        .0
        .get()
        .as_bytes();
    match read_as::<Vec<wire::Item<'_>>>(output) {
        Ok(items) => deltas.extend(items.iter().map(|item| whole(read::item(item, document), sealing))),
        // An item of an unknown kind may give the known field names another shape (C14): one by one then.
        Err(_) => {
            for raw in read_as::<Vec<Raw<'_>>>(output)? {
                deltas.push(whole(item(raw, document)?, sealing));
            }
        }
    }
    Ok(())
}

/// The items of the last event that no event before it reported: some servers send them only here.
pub(super) fn missing_items(
    resource: &Resource<'_>,
    document: &Document,
    reported: &[StepKey],
    sealing: &Sealing,
    deltas: &mut Vec<Delta>,
) -> Result<(), DecodeError> {
    let Some(output) = resource.output else { return Ok(()) };
    let output: Vec<Raw<'_>> = read_as(output.0.get().as_bytes())?;
    if output.len() <= reported.len() {
        return Ok(());
    }
    for (raw, key) in output.into_iter().zip(0..) {
        if !reported.contains(&key) {
            deltas.push(whole(item(raw, document)?, sealing));
        }
    }
    Ok(())
}

fn item(raw: Raw<'_>, document: &Document) -> Result<Item, DecodeError> {
    let text = raw.0.get().as_bytes();
    match read_as::<wire::Item<'_>>(text) {
        Ok(item) => Ok(read::item(&item, document)),
        Err(error) => read::any_item(&read_as::<AnyItem<'_>>(text)?, document).ok_or(error),
    }
}

fn whole(item: Item, sealing: &Sealing) -> Delta {
    Delta::Whole(Box::new(sealing.seal(item)))
}

/// Usage and end, by the response's status.
pub(super) fn end(
    resource: &Resource<'_>,
    body: &Document,
    meanings: Meanings,
    deltas: &mut Vec<Delta>,
) -> Result<(), DecodeError> {
    if let Some(usage) = &resource.usage {
        deltas.push(Delta::Usage(Box::new(usage.to_model(body))));
    }
    let end = match resource.status.map(Str::escaped) {
        // Recordings of the API have both spellings.
        Some("completed" | "complete") => End::Completed,
        Some("incomplete") => {
            let reason = resource.incomplete_details.as_ref().and_then(|details| details.reason);
            End::Incomplete(match reason.map(Str::plain).as_deref() {
                Some("content_filter") => IncompleteReason::ContentFilter,
                Some("max_output_tokens") | None => IncompleteReason::MaxOutputTokens,
                Some(other) => IncompleteReason::Other(other.to_owned()),
            })
        }
        Some("failed" | "cancelled") => End::Failed(failed(resource.error.as_ref(), meanings)),
        other => return Err(DecodeError::Malformed(format!("a response ended with the status {other:?}"))),
    };
    deltas.push(Delta::End(end));
    Ok(())
}

/// What an `error` event means.
pub(super) fn error_event(event: &ErrorEvent<'_>, meanings: Meanings) -> Fault {
    match &event.error {
        Some(error) => failed(Some(error), meanings),
        None => meanings.of_value(&json!({
            "code": event.code.map(plain),
            "message": event.message.map(Str::plain),
        })),
    }
}

fn failed(error: Option<&ErrorFields<'_>>, meanings: Meanings) -> Fault {
    let word = |word: Option<Str<'_>>| word.map(Str::plain);
    let value = error.map(|error| {
        json!({
            "type": word(error.kind),
            "code": error.code.map(plain),
            "message": word(error.message),
            "param": word(error.param),
        })
    });
    meanings.of_value(&value.unwrap_or_default())
}

fn plain(raw: Raw<'_>) -> Value {
    serde_json::from_str(raw.0.get()).unwrap_or_default()
}
