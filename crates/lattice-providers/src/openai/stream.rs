//! The events of the Responses API: <https://platform.openai.com/docs/api-reference/responses-streaming>.

use bytes::Bytes;
use lattice_model::{Closing, Delta, End, Item, Json, Opening, StepKey, Text};
use lattice_wire::responses::event::{Event, Resource};
use lattice_wire::responses::read;
use lattice_wire::{Raw, Str, extra_of};

use super::answer::{Sealing, begin, end, failure, malformed};
use crate::error::DecodeError;
use crate::events::EventDecoder;

/// Reads the events of one answer.
#[derive(Debug)]
pub(super) struct Events {
    sealing: Sealing,
    began: bool,
    ended: bool,
    /// Output indices of items that were reported.
    reported: Vec<StepKey>,
}

impl Events {
    pub(super) fn new(sealing: Sealing) -> Self {
        Self { sealing, began: false, ended: false, reported: Vec::new() }
    }
}

impl EventDecoder for Events {
    fn event(&mut self, _: &[u8], data: Bytes, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        if self.ended || data.as_ref() == b"[DONE]" {
            return Ok(());
        }
        let event: Event<'_> = lattice_wire::parse(&data).map_err(|error| malformed(&error))?;
        let Some(kind) = event.kind else {
            return Err(DecodeError::Malformed("an event has no `type`".to_owned()));
        };
        match kind.escaped() {
            "response.created" | "response.in_progress" | "response.queued" => {
                self.begin(&event, &data, deltas)
            }
            "response.completed" | "response.incomplete" | "response.failed" => {
                self.end(&event, &data, deltas)
            }
            "error" => {
                self.ended = true;
                deltas.push(Delta::End(End::Failed(error_event(&event, &data))));
                Ok(())
            }
            known => {
                self.step(known, &event, &data, deltas);
                Ok(())
            }
        }
    }

    fn finish(&mut self, _: &mut Vec<Delta>) -> Result<(), DecodeError> {
        if self.ended { Ok(()) } else { Err(DecodeError::Cut) }
    }
}

impl Events {
    fn begin(&mut self, event: &Event<'_>, data: &Bytes, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        if let Some(raw) = event.response.filter(|_| !self.began) {
            self.began = true;
            let resource = resource(raw)?;
            deltas.push(begin(&resource, data));
        }
        Ok(())
    }

    fn end(&mut self, event: &Event<'_>, data: &Bytes, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        let raw =
            event.response.ok_or_else(|| DecodeError::Malformed("an end without its response".to_owned()))?;
        let resource = resource(raw)?;
        deltas.push(begin(&resource, data));
        if self.reported.is_empty() {
            // Some servers send the items only here.
            super::answer::items(&resource, data, &self.sealing, deltas)?;
        }
        self.ended = true;
        end(&resource, data, deltas)
    }

    fn step(&mut self, kind: &str, event: &Event<'_>, data: &Bytes, deltas: &mut Vec<Delta>) {
        let key = event.output_index.unwrap_or_default();
        let part = event.content_index.or(event.summary_index).unwrap_or_default();
        let extra = || extra_of(&event.extra, data);
        match kind {
            "response.output_text.delta" => {
                if let Some(text) = text(event.delta, data) {
                    let logprobs = logprobs(event.logprobs, data);
                    deltas.push(Delta::Text { key, part, text, logprobs, extra: extra() });
                }
            }
            "response.function_call_arguments.delta" => {
                deltas.extend(text(event.delta, data).map(|text| Delta::Arguments {
                    key,
                    text,
                    extra: extra(),
                }));
            }
            "response.reasoning_summary_text.delta" => {
                deltas.extend(text(event.delta, data).map(|text| Delta::Summary {
                    key,
                    part,
                    text,
                    extra: extra(),
                }));
            }
            "response.reasoning_text.delta" | "response.reasoning.delta" => {
                deltas.extend(text(event.delta, data).map(|text| Delta::Thought {
                    key,
                    part,
                    text,
                    extra: extra(),
                }));
            }
            "response.refusal.delta" => {
                deltas.extend(text(event.delta, data).map(|text| Delta::Refusal { key, part, text }));
            }
            "response.output_item.added" => self.open(key, event, data, deltas),
            "response.output_item.done" => self.close(key, event, data, deltas),
            "response.content_part.added" => deltas.extend(open_part(key, part, event)),
            "response.output_text.annotation.added" => {
                if let Some(annotation) = &event.annotation {
                    deltas.push(Delta::Annotation {
                        key,
                        part,
                        annotation: read::annotation(annotation, data),
                    });
                }
            }
            // What these say is known from the deltas, and the gateway says it itself.
            "response.output_text.done"
            | "response.content_part.done"
            | "response.function_call_arguments.done"
            | "response.reasoning_summary_part.added"
            | "response.reasoning_summary_part.done"
            | "response.reasoning_summary_text.done"
            | "response.reasoning_text.done"
            | "response.reasoning.done"
            | "response.refusal.done" => {}
            unknown => deltas.push(Delta::Opaque {
                key: event.output_index,
                kind: unknown.into(),
                fields: event.fields(data, &["type", "sequence_number", "output_index"]),
            }),
        }
    }

    fn open(&mut self, key: StepKey, event: &Event<'_>, data: &Bytes, deltas: &mut Vec<Delta>) {
        let Some(item) = &event.item else { return };
        self.reported.push(key);
        let item = self.sealing.seal(read::item(item, data));
        let id = item.id().map(str::to_owned);
        let item = match item {
            Item::Message(message) => Opening::Message { id, phase: message.phase },
            Item::FunctionCall(call) => Opening::FunctionCall { id, call_id: call.call_id, name: call.name },
            Item::Reasoning(_) => Opening::Reasoning { id },
            other => Opening::Other(Box::new(other)),
        };
        deltas.push(Delta::Open { key, item });
    }

    fn close(&mut self, key: StepKey, event: &Event<'_>, data: &Bytes, deltas: &mut Vec<Delta>) {
        let Some(item) = &event.item else { return };
        let item = Box::new(self.sealing.seal(read::item(item, data)));
        if self.reported.contains(&key) {
            deltas.push(Delta::Close { key, closing: Closing { item: Some(item), ..Closing::default() } });
        } else {
            self.reported.push(key);
            deltas.push(Delta::Whole(item));
        }
    }
}

/// Parts of reasoning are opened by their first delta; those of a message may stay empty.
fn open_part(key: StepKey, part: u32, event: &Event<'_>) -> Option<Delta> {
    match event.part.as_ref()?.kind?.escaped() {
        "output_text" => Some(Delta::OpenPart { key, part, refusal: false }),
        "refusal" => Some(Delta::OpenPart { key, part, refusal: true }),
        _ => None,
    }
}

fn resource(raw: Raw<'_>) -> Result<Resource<'_>, DecodeError> {
    lattice_wire::parse(raw.0.get().as_bytes()).map_err(|error| malformed(&error))
}

fn text(delta: Option<Raw<'_>>, data: &Bytes) -> Option<Text> {
    let literal: Str<'_> = serde_json::from_str(delta?.0.get()).ok()?;
    Some(literal.to_text(data))
}

fn logprobs(raw: Option<Raw<'_>>, data: &Bytes) -> Option<Json> {
    raw.filter(|raw| raw.0.get() != "[]").map(|raw| raw.to_json(data))
}

/// The error's fields stand in the event itself, or in an `error` object.
fn error_event(event: &Event<'_>, data: &Bytes) -> lattice_model::Failure {
    let mut failure = failure(event.error.as_ref(), data);
    if event.error.is_none() {
        if let Some(code) = event.code {
            failure.code = code.plain();
        }
        if let Some(message) = event.message {
            failure.message = crate::fault::safe(&message.plain());
        }
    }
    failure
}
