//! Streaming events, as the standard writes them: `event:` equals the body's `type`, sequence numbers count from 0.

use bytes::{BufMut, BytesMut};
use lattice_model::{Event, Extra, Outcome, Part, Place, Text};
use lattice_wire::responses::write::{self, Form};
use lattice_wire::write::JsonWriter;

use super::to_wire::{error, response};

/// Writes the events of one response as server-sent events.
#[derive(Debug)]
pub struct EventWriter {
    sequence: u64,
    /// Pads deltas so that their length tells a listener nothing: the client asked for it.
    obfuscate: bool,
}

impl EventWriter {
    /// From sequence number 0.
    pub fn new(obfuscate: bool) -> Self {
        Self { sequence: 0, obfuscate }
    }

    /// Adds an event to `buffer`; some are two events on the wire.
    pub fn write(&mut self, buffer: &mut BytesMut, event: &Event) {
        match event {
            Event::Created(whole) => self.frame(buffer, "response.created", |writer| snapshot(writer, whole)),
            Event::InProgress(whole) => {
                self.frame(buffer, "response.in_progress", |writer| snapshot(writer, whole));
            }
            Event::ItemAdded { output_index, item } => {
                self.frame(buffer, "response.output_item.added", |writer| {
                    item_fields(writer, *output_index, item);
                });
            }
            Event::ItemDone { output_index, item } => {
                self.frame(buffer, "response.output_item.done", |writer| {
                    item_fields(writer, *output_index, item);
                });
            }
            Event::TextDelta { place, text, logprobs, extra } => {
                let padding = self.padding(text, extra);
                self.frame(buffer, "response.output_text.delta", |writer| {
                    delta(writer, place, "content_index", text, extra, padding);
                    match logprobs {
                        Some(logprobs) => writer.key("logprobs").json(logprobs),
                        None => no_logprobs(writer),
                    }
                });
            }
            Event::ArgumentsDelta { place, text, extra } => {
                let padding = self.padding(text, extra);
                self.frame(buffer, "response.function_call_arguments.delta", |writer| {
                    item_place(writer, place);
                    delta_fields(writer, text, extra, padding);
                });
            }
            Event::ArgumentsDone { place, name, arguments } => {
                self.frame(buffer, "response.function_call_arguments.done", |writer| {
                    item_place(writer, place);
                    writer.field_str("name", name);
                    writer.field_text("arguments", arguments);
                });
            }
            Event::Opaque { kind, output_index, fields } => self.frame(buffer, kind, |writer| {
                if let Some(index) = output_index {
                    writer.key("output_index").u64(u64::from(*index));
                }
                writer.extra(fields);
            }),
            Event::Error(body) => self.frame(buffer, "error", |writer| {
                writer.key("error");
                error(writer, body);
                // OpenAI's SDKs read these beside the standard's object.
                writer.field_str("code", &body.code);
                writer.field_str("message", &body.message);
                writer.key("param").null();
            }),
            Event::Ended(whole) => {
                let kind = match &whole.outcome {
                    Outcome::Completed => "response.completed",
                    Outcome::Incomplete(_) => "response.incomplete",
                    Outcome::Failed(_) | Outcome::InProgress => "response.failed",
                };
                self.frame(buffer, kind, |writer| snapshot(writer, whole));
            }
            parts => self.write_part(buffer, parts),
        }
    }

    fn write_part(&mut self, buffer: &mut BytesMut, event: &Event) {
        match event {
            Event::PartAdded { place, part: added } => {
                self.frame(buffer, "response.content_part.added", |writer| part(writer, place, added));
            }
            Event::AnnotationAdded { place, annotation_index, annotation } => {
                self.frame(buffer, "response.output_text.annotation.added", |writer| {
                    part_place(writer, place, "content_index");
                    writer.key("annotation_index").u64(u64::from(*annotation_index));
                    writer.key("annotation");
                    write::annotation(writer, annotation);
                });
            }
            Event::PartDone { place, part: done } => self.part_done(buffer, place, done),
            Event::RefusalDelta { place, text } => self.frame(buffer, "response.refusal.delta", |writer| {
                part_place(writer, place, "content_index");
                writer.field_text("delta", text);
            }),
            thoughts => self.write_thought(buffer, thoughts),
        }
    }

    fn part_done(&mut self, buffer: &mut BytesMut, place: &Place, done: &Part) {
        match done {
            Part::Refusal { refusal, .. } => self.frame(buffer, "response.refusal.done", |writer| {
                part_place(writer, place, "content_index");
                writer.field_text("refusal", refusal);
            }),
            Part::OutputText(text) => self.frame(buffer, "response.output_text.done", |writer| {
                part_place(writer, place, "content_index");
                writer.field_text("text", &text.text);
                match &text.logprobs {
                    Some(logprobs) => writer.key("logprobs").json(logprobs),
                    None => no_logprobs(writer),
                }
            }),
            _ => {}
        }
        self.frame(buffer, "response.content_part.done", |writer| part(writer, place, done));
    }

    fn write_thought(&mut self, buffer: &mut BytesMut, event: &Event) {
        match event {
            Event::ThoughtAdded { place } => self.frame(buffer, "response.content_part.added", |writer| {
                thought(writer, place, "content_index", "reasoning_text", &Text::empty());
            }),
            Event::ThoughtDelta { place, text, extra } => {
                let padding = self.padding(text, extra);
                self.frame(buffer, "response.reasoning.delta", |writer| {
                    delta(writer, place, "content_index", text, extra, padding);
                });
            }
            Event::ThoughtDone { place, text } => {
                self.frame(buffer, "response.reasoning.done", |writer| {
                    part_place(writer, place, "content_index");
                    writer.field_text("text", text);
                });
                self.frame(buffer, "response.content_part.done", |writer| {
                    thought(writer, place, "content_index", "reasoning_text", text);
                });
            }
            Event::SummaryAdded { place } => {
                self.frame(buffer, "response.reasoning_summary_part.added", |writer| {
                    thought(writer, place, "summary_index", "summary_text", &Text::empty());
                });
            }
            Event::SummaryDelta { place, text, extra } => {
                let padding = self.padding(text, extra);
                self.frame(buffer, "response.reasoning_summary_text.delta", |writer| {
                    delta(writer, place, "summary_index", text, extra, padding);
                });
            }
            Event::SummaryDone { place, text } => {
                self.frame(buffer, "response.reasoning_summary_text.done", |writer| {
                    part_place(writer, place, "summary_index");
                    writer.field_text("text", text);
                });
                self.frame(buffer, "response.reasoning_summary_part.done", |writer| {
                    thought(writer, place, "summary_index", "summary_text", text);
                });
            }
            _ => {}
        }
    }

    fn frame(&mut self, buffer: &mut BytesMut, kind: &str, fields: impl FnOnce(&mut JsonWriter)) {
        buffer.put_slice(b"event: ");
        buffer.put_slice(kind.as_bytes());
        buffer.put_slice(b"\ndata: ");
        let mut writer = JsonWriter::with_buffer(std::mem::take(buffer));
        writer.begin_object();
        writer.field_str("type", kind);
        writer.key("sequence_number").u64(self.sequence);
        fields(&mut writer);
        writer.end_object();
        *buffer = writer.into_buffer();
        buffer.put_slice(b"\n\n");
        self.sequence = self.sequence.saturating_add(1);
    }

    /// How much padding a delta gets: it fills the text up to a multiple of 16 bytes, at least one.
    fn padding(&self, text: &Text, extra: &Extra) -> usize {
        if !self.obfuscate || extra.iter().any(|(name, _)| &**name == "obfuscation") {
            return 0;
        }
        16_usize.saturating_sub(text.len() % 16)
    }
}

fn snapshot(writer: &mut JsonWriter, whole: &lattice_model::Response) {
    writer.key("response");
    response(writer, whole);
}

fn item_fields(writer: &mut JsonWriter, output_index: u32, item: &lattice_model::Item) {
    writer.key("output_index").u64(u64::from(output_index));
    writer.key("item");
    write::item(writer, item, Form::Response);
}

fn item_place(writer: &mut JsonWriter, place: &Place) {
    writer.field_str("item_id", &place.item_id);
    writer.key("output_index").u64(u64::from(place.output_index));
}

fn part_place(writer: &mut JsonWriter, place: &Place, index: &str) {
    item_place(writer, place);
    writer.key(index).u64(u64::from(place.part));
}

fn part(writer: &mut JsonWriter, place: &Place, part: &Part) {
    part_place(writer, place, "content_index");
    writer.key("part");
    write::part(writer, part, Form::Response);
}

fn thought(writer: &mut JsonWriter, place: &Place, index: &str, kind: &str, text: &Text) {
    part_place(writer, place, index);
    writer.key("part");
    write::thought(writer, kind, text);
}

fn delta(writer: &mut JsonWriter, place: &Place, index: &str, text: &Text, extra: &Extra, padding: usize) {
    part_place(writer, place, index);
    delta_fields(writer, text, extra, padding);
}

fn delta_fields(writer: &mut JsonWriter, text: &Text, extra: &Extra, padding: usize) {
    writer.field_text("delta", text);
    writer.extra(extra);
    if padding > 0 {
        writer.field_str("obfuscation", "x7Qm2Zp9Lr4Vb8Kd".get(..padding.min(16)).unwrap_or_default());
    }
}

fn no_logprobs(writer: &mut JsonWriter) {
    writer.key("logprobs").begin_array();
    writer.end_array();
}
