//! The response resource, whole: an answer that was not streamed, and the ends of a stream.

use bytes::Bytes;
use lattice_model::{Answer, Delta, End, Failure, IncompleteReason, Item, StepKey};
use lattice_wire::responses::event::{AnyItem, ErrorEvent, ErrorFields, Resource};
use lattice_wire::responses::read;
use lattice_wire::responses::request as wire;
use lattice_wire::{Raw, Str, extra_of};

use crate::error::DecodeError;
use crate::fault::safe;
use crate::seal;

/// What becomes of encrypted reasoning.
#[derive(Debug)]
pub(super) struct Sealing {
    /// What it is tagged with; `None` when the client did not ask for it.
    pub(super) origin: Option<String>,
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

pub(super) fn decode(body: &Bytes, sealing: &Sealing, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
    let resource: Resource<'_> = read_as(body)?;
    deltas.push(begin(&resource, body));
    items(&resource, body, sealing, deltas)?;
    end(&resource, body, deltas)
}

/// The facts about the answer as a whole.
pub(super) fn begin(resource: &Resource<'_>, document: &Bytes) -> Delta {
    Delta::Begin(Answer {
        upstream_id: resource.id.map(Str::plain),
        service_tier: resource.service_tier.map(Str::plain).filter(|tier| tier != "auto"),
        settings: extra_of(&resource.extra, document),
    })
}

fn items(
    resource: &Resource<'_>,
    document: &Bytes,
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
    document: &Bytes,
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

fn item(raw: Raw<'_>, document: &Bytes) -> Result<Item, DecodeError> {
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
pub(super) fn end(resource: &Resource<'_>, body: &Bytes, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
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
        Some("failed" | "cancelled") => End::Failed(failure(resource.error.as_ref(), body)),
        other => return Err(DecodeError::Malformed(format!("a response ended with the status {other:?}"))),
    };
    deltas.push(Delta::End(end));
    Ok(())
}

/// What an `error` event means.
pub(super) fn error_event(event: &ErrorEvent<'_>, document: &[u8]) -> Failure {
    match &event.error {
        Some(error) => failure(Some(error), document),
        None => failed(word(event.code), event.message.map(Str::plain), document),
    }
}

fn failure(error: Option<&ErrorFields<'_>>, document: &[u8]) -> Failure {
    let kind = || error.and_then(|error| error.kind).map(Str::plain);
    let code = word(error.and_then(|error| error.code)).or_else(kind);
    failed(code, error.and_then(|error| error.message).map(Str::plain), document)
}

/// A code that is a word: some servers repeat the status here.
fn word(code: Option<Raw<'_>>) -> Option<String> {
    let code: String = serde_json::from_str(code?.0.get()).ok()?;
    code.contains(|c: char| c.is_ascii_alphabetic()).then_some(code)
}

/// What the provider says about limits and about itself names the operator's organisation or bill: only the log gets it.
fn failed(code: Option<String>, message: Option<String>, document: &[u8]) -> Failure {
    let code = code.unwrap_or_else(|| "server_error".to_owned());
    let message = match code.as_str() {
        "rate_limit_exceeded" | "insufficient_quota" | "too_many_requests" => {
            "the provider's rate limit or quota is exceeded".to_owned()
        }
        "invalid_api_key" | "authentication_error" => "the provider failed".to_owned(),
        _ => message
            .map(|said| safe(&said))
            .filter(|said| !said.is_empty())
            .unwrap_or_else(|| "the provider failed".to_owned()),
    };
    let detail =
        String::from_utf8_lossy(document.get(..document.len().min(2000)).unwrap_or(document)).into_owned();
    Failure { code, message, detail }
}
