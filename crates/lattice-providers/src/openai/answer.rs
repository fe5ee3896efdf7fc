//! The response resource, whole: an answer that was not streamed, and the ends of a stream.

use bytes::Bytes;
use lattice_model::{Answer, Delta, End, Failure, IncompleteReason, Item};
use lattice_wire::responses::event::{ErrorFields, Resource};
use lattice_wire::responses::read;
use lattice_wire::responses::request as wire;
use lattice_wire::{Str, extra_of};

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

pub(super) fn decode(body: &Bytes, sealing: &Sealing, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
    let resource: Resource<'_> = lattice_wire::parse(body).map_err(|error| malformed(&error))?;
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

pub(super) fn items(
    resource: &Resource<'_>,
    document: &Bytes,
    sealing: &Sealing,
    deltas: &mut Vec<Delta>,
) -> Result<(), DecodeError> {
    let Some(output) = resource.output else {
        return Err(DecodeError::Malformed("the response has no `output`".to_owned()));
    };
    let items: Vec<wire::Item<'_>> =
        lattice_wire::parse(output.0.get().as_bytes()).map_err(|error| malformed(&error))?;
    let items = items.iter().map(|item| sealing.seal(read::item(item, document)));
    deltas.extend(items.map(|item| Delta::Whole(Box::new(item))));
    Ok(())
}

/// Usage and end, by the response's status.
pub(super) fn end(resource: &Resource<'_>, body: &Bytes, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
    if let Some(usage) = resource.usage {
        deltas.push(Delta::Usage(Box::new(usage.to_model())));
    }
    let end = match resource.status.map(Str::escaped) {
        Some("completed") => End::Completed,
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

/// A failure in the provider's terms.
pub(super) fn failure(error: Option<&ErrorFields<'_>>, document: &[u8]) -> Failure {
    let code =
        error.and_then(|error| error.code).and_then(|raw| serde_json::from_str::<String>(raw.0.get()).ok());
    let message = error.and_then(|error| error.message).map(Str::plain).unwrap_or_default();
    Failure {
        code: code
            .or_else(|| error.and_then(|error| error.kind).map(Str::plain))
            .unwrap_or_else(|| "server_error".to_owned()),
        message: if message.is_empty() { "the provider failed".to_owned() } else { safe(&message) },
        detail: String::from_utf8_lossy(document.get(..document.len().min(2000)).unwrap_or(document))
            .into_owned(),
    }
}
