//! The events of the Responses API: <https://platform.openai.com/docs/api-reference/responses-streaming>.
//!
//! The type of an event is read first, so that each event is parsed once, into its own shape, and the many that only repeat
//! what the deltas said are not parsed at all.

use lattice_model::{Closing, Delta, End, Item, Opening, PartKind, Piece, ReasoningKind, StepKey};
use lattice_wire::Document;
use lattice_wire::responses::event::{
    AnnotationEvent, AnyItemEvent, DeltaEvent, ErrorEvent, ItemEvent, OtherEvent, PartEvent, ResourceEvent,
    kind,
};
use lattice_wire::responses::read;
use lattice_wire::{Str, extra_of};

use super::answer::{Sealing, begin, end, error_event, missing_items, read_as};
use crate::error::DecodeError;
use crate::events::EventDecoder;

/// Reads the events of one answer.
#[derive(Debug)]
pub(super) struct ResponseEvents {
    sealing: Sealing,
    began: bool,
    ended: bool,
    /// Output indices of items that were reported.
    reported: Vec<StepKey>,
}

impl ResponseEvents {
    pub(super) fn new(sealing: Sealing) -> Self {
        Self { sealing, began: false, ended: false, reported: Vec::new() }
    }
}

impl EventDecoder for ResponseEvents {
    fn event(&mut self, name: &[u8], data: Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        if self.ended || data.is_empty() || data.as_ref() == b"[DONE]" {
            return Ok(());
        }
        let kind = kind(&data).map_err(|error| super::answer::malformed(&error))?;
        // A server that leaves the type out says it beside the data.
        match kind.as_deref().or_else(|| std::str::from_utf8(name).ok()).unwrap_or_default() {
            "response.output_text.delta" => text(&data, deltas),
            "response.function_call_arguments.delta" => arguments(&data, deltas),
            "response.reasoning_summary_text.delta" => reasoning_text(&data, true, deltas),
            "response.reasoning_text.delta" | "response.reasoning.delta" => {
                reasoning_text(&data, false, deltas)
            }
            "response.refusal.delta" => refusal(&data, deltas),
            "response.output_item.added" => self.open(&data, deltas),
            "response.output_item.done" => self.close(&data, deltas),
            "response.content_part.added" => open_part(&data, deltas),
            "response.content_part.done" => close_part(&data, deltas),
            "response.output_text.annotation.added" => annotation(&data, deltas),
            // What these say is known from the deltas, and the gateway says it itself.
            "response.output_text.done"
            | "response.function_call_arguments.done"
            | "response.reasoning_summary_part.added"
            | "response.reasoning_summary_part.done"
            | "response.reasoning_summary_text.done"
            | "response.reasoning_text.done"
            | "response.reasoning.done"
            | "response.refusal.done" => Ok(()),
            "response.created" | "response.in_progress" | "response.queued" => self.begin(&data, deltas),
            "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled" => {
                self.end(&data, deltas)
            }
            "error" => self.error(&data, deltas),
            "" => self.nameless(&data, deltas),
            unknown if unknown.starts_with("response.") => opaque(unknown, &data, deltas),
            // Not about the response: a keepalive, for instance.
            _ => Ok(()),
        }
    }

    fn finish(&mut self, _: &mut Vec<Delta>) -> Result<(), DecodeError> {
        if self.ended { Ok(()) } else { Err(DecodeError::Cut) }
    }
}

impl ResponseEvents {
    fn begin(&mut self, data: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        if !self.began {
            let event: ResourceEvent<'_> = read_as(data)?;
            self.began = true;
            deltas.extend(event.response.map(|resource| begin(&resource, data)));
        }
        Ok(())
    }

    fn end(&mut self, data: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        let event: ResourceEvent<'_> = read_as(data)?;
        let resource = event.response.ok_or_else(|| lacks("response"))?;
        deltas.push(begin(&resource, data));
        missing_items(&resource, data, &self.reported, &self.sealing, deltas)?;
        end(&resource, data, self.sealing.meanings, deltas)?;
        self.ended = true;
        Ok(())
    }

    fn error(&mut self, data: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        let event: ErrorEvent<'_> = read_as(data)?;
        self.ended = true;
        deltas.push(Delta::End(End::Failed(error_event(&event, self.sealing.meanings))));
        Ok(())
    }

    /// Some servers break off with a bare error object.
    fn nameless(&mut self, data: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        let event: ErrorEvent<'_> = read_as(data)?;
        if event.error.is_some() { self.error(data, deltas) } else { Err(lacks("type")) }
    }

    fn open(&mut self, data: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        let (key, item) = item(data)?;
        self.reported.push(key);
        let item = self.sealing.seal(item);
        let id = item.id().map(str::to_owned);
        let item = match item {
            Item::Message(message) => Opening::Message { id, phase: message.phase },
            Item::FunctionCall(call) => Opening::FunctionCall { id, call_id: call.call_id, name: call.name },
            Item::Reasoning(_) => Opening::Reasoning { id },
            other => Opening::Other(Box::new(other)),
        };
        deltas.push(Delta::Piece { key, piece: Piece::Open(item) });
        Ok(())
    }

    fn close(&mut self, data: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        let (key, item) = item(data)?;
        let item = Box::new(self.sealing.seal(item));
        if self.reported.contains(&key) {
            deltas.push(Delta::Piece {
                key,
                piece: Piece::Close(Closing { item: Some(item), ..Closing::default() }),
            });
        } else {
            self.reported.push(key);
            deltas.push(Delta::Whole(item));
        }
        Ok(())
    }
}

fn lacks(field: &str) -> DecodeError {
    DecodeError::Malformed(format!("an event has no `{field}`"))
}

fn place(event: &DeltaEvent<'_>) -> (StepKey, u32) {
    let part = event.content_index.or(event.summary_index).unwrap_or_default();
    (event.output_index.unwrap_or_default(), part)
}

fn text(data: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
    let event: DeltaEvent<'_> = read_as(data)?;
    let (key, part) = place(&event);
    let text = event.delta.ok_or_else(|| lacks("delta"))?.to_text(data);
    let logprobs = event.logprobs.filter(|raw| raw.0.get() != "[]").map(|raw| raw.to_json(data));
    deltas.push(Delta::Piece {
        key,
        piece: Piece::Text { part, text, logprobs, extra: extra_of(&event.extra, data) },
    });
    Ok(())
}

fn arguments(data: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
    let event: DeltaEvent<'_> = read_as(data)?;
    let (key, _) = place(&event);
    let text = event.delta.ok_or_else(|| lacks("delta"))?.to_text(data);
    deltas.push(Delta::Piece { key, piece: Piece::Arguments { text, extra: extra_of(&event.extra, data) } });
    Ok(())
}

fn reasoning_text(data: &Document, summary: bool, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
    let event: DeltaEvent<'_> = read_as(data)?;
    let (key, part) = place(&event);
    let text = event.delta.ok_or_else(|| lacks("delta"))?.to_text(data);
    let extra = extra_of(&event.extra, data);
    deltas.push(if summary {
        Delta::Piece { key, piece: Piece::Reasoning { kind: ReasoningKind::Summary, part, text, extra } }
    } else {
        Delta::Piece { key, piece: Piece::Reasoning { kind: ReasoningKind::Content, part, text, extra } }
    });
    Ok(())
}

fn refusal(data: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
    let event: DeltaEvent<'_> = read_as(data)?;
    let (key, part) = place(&event);
    let text = event.delta.ok_or_else(|| lacks("delta"))?.to_text(data);
    deltas.push(Delta::Piece { key, piece: Piece::Refusal { part, text } });
    Ok(())
}

/// Parts of reasoning are opened by their first delta; those of a message may stay empty.
fn open_part(data: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
    let event: PartEvent<'_> = read_as(data)?;
    let kind = event.part.as_ref().and_then(|part| part.kind).map(Str::escaped);
    let kind = match kind {
        Some("output_text") => Some(PartKind::Text),
        Some("refusal") => Some(PartKind::Refusal),
        _ => None,
    };
    if let Some(kind) = kind {
        let (key, part) = (event.output_index.unwrap_or_default(), event.content_index.unwrap_or_default());
        deltas.push(Delta::Piece { key, piece: Piece::OpenPart { part, kind } });
    }
    Ok(())
}

fn close_part(data: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
    let event: PartEvent<'_> = read_as(data)?;
    let (key, part) = (event.output_index.unwrap_or_default(), event.content_index.unwrap_or_default());
    if let Some(whole) = event.part {
        deltas.push(Delta::Piece {
            key,
            piece: Piece::ClosePart { part, whole: Box::new(read::part(&whole, data)) },
        });
    }
    Ok(())
}

fn annotation(data: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
    let event: AnnotationEvent<'_> = read_as(data)?;
    let annotation = read::annotation(&event.annotation.ok_or_else(|| lacks("annotation"))?, data);
    let (key, part) = (event.output_index.unwrap_or_default(), event.content_index.unwrap_or_default());
    deltas.push(Delta::Piece { key, piece: Piece::Annotation { part, annotation } });
    Ok(())
}

/// The item of an event. One of an unknown kind may give the known field names another shape (C14).
fn item(data: &Document) -> Result<(StepKey, Item), DecodeError> {
    let first = match read_as::<ItemEvent<'_>>(data) {
        Ok(event) => {
            let item = event.item.ok_or_else(|| lacks("item"))?;
            return Ok((event.output_index.unwrap_or_default(), read::item(&item, data)));
        }
        Err(error) => error,
    };
    let event: AnyItemEvent<'_> = read_as(data)?;
    let item = event.item.and_then(|item| read::any_item(&item, data)).ok_or(first)?;
    Ok((event.output_index.unwrap_or_default(), item))
}

fn opaque(kind: &str, data: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
    let event: OtherEvent<'_> = read_as(data)?;
    let key = event.output_index.and_then(|raw| raw.0.get().parse().ok());
    deltas.push(Delta::Opaque { key, kind: kind.into(), fields: extra_of(&event.extra, data) });
    Ok(())
}
