//! Streaming events, as the standard writes them: JSON here, and the framing of server-sent events around it. A socket or a replay takes the
//! JSON alone.

use bytes::{BufMut, BytesMut};
use lattice_model::{Event, Extra, Outcome, Part, Position, ReasoningKind, Text, What};
use lattice_wire::responses::response::{error, response};
use lattice_wire::responses::write::{self, Form};
use lattice_wire::write::JsonWriter;

/// Padding for deltas when the client asks for obfuscation; 1 to 16 bytes of it are sent.
const PADDING: &str = "x7Qm2Zp9Lr4Vb8Kd";

/// Writes the events of one response.
#[derive(Debug, Clone, Copy)]
pub struct EventWriter {
    /// Pads deltas so that their length tells a listener nothing: the client asked for it.
    obfuscate: bool,
}

impl EventWriter {
    /// With or without padding.
    pub fn new(obfuscate: bool) -> Self {
        Self { obfuscate }
    }

    /// Adds an event to `buffer` as a server-sent event: `event:` equals the body's `type`.
    pub fn sse(self, buffer: &mut BytesMut, event: &Event) {
        buffer.put_slice(b"event: ");
        buffer.put_slice(kind(&event.what).as_bytes());
        buffer.put_slice(b"\ndata: ");
        self.json(buffer, event);
        buffer.put_slice(b"\n\n");
    }

    /// Adds an event to `buffer` as a JSON object.
    pub fn json(self, buffer: &mut BytesMut, event: &Event) {
        let mut writer = JsonWriter::with_buffer(std::mem::take(buffer));
        writer.object(|writer| {
            writer.field_str("type", kind(&event.what));
            writer.key("sequence_number").u64(event.number);
            self.fields(writer, &event.what);
        });
        *buffer = writer.into_buffer();
    }

    fn fields(self, writer: &mut JsonWriter, what: &What) {
        match what {
            What::Created(whole) | What::InProgress(whole) | What::Ended(whole) => {
                writer.key("response");
                response(writer, whole);
            }
            What::ItemAdded { output_index, item } | What::ItemDone { output_index, item } => {
                writer.key("output_index").u64(u64::from(*output_index));
                writer.key("item");
                write::item(writer, item, Form::Response);
            }
            What::ArgumentsDelta { at, text, extra } => {
                item_position(writer, at);
                self.delta(writer, text, extra);
            }
            What::ArgumentsDone { at, name, arguments } => {
                item_position(writer, at);
                writer.field_str("name", name);
                writer.field_text("arguments", arguments);
            }
            What::Opaque { output_index, fields, .. } => {
                if let Some(index) = output_index {
                    writer.key("output_index").u64(u64::from(*index));
                }
                writer.extra(fields);
            }
            What::Error(body) => {
                writer.key("error");
                error(writer, body);
                // OpenAI's SDKs read these beside the standard's object.
                writer.field_str("code", &body.code);
                writer.field_str("message", &body.message);
                writer.key("param").null();
            }
            parts => self.part_fields(writer, parts),
        }
    }

    fn part_fields(self, writer: &mut JsonWriter, what: &What) {
        match what {
            What::PartAdded { at, part } | What::PartDone { at, part } => content_part(writer, at, part),
            What::TextDelta { at, text, logprobs, extra } => {
                part_position(writer, at, "content_index");
                self.delta(writer, text, extra);
                self::logprobs(writer, logprobs.as_ref());
            }
            What::TextDone { at, text, logprobs } => {
                part_position(writer, at, "content_index");
                writer.field_text("text", text);
                self::logprobs(writer, logprobs.as_ref());
            }
            What::AnnotationAdded { at, annotation_index, annotation } => {
                part_position(writer, at, "content_index");
                writer.key("annotation_index").u64(u64::from(*annotation_index));
                writer.key("annotation");
                write::annotation(writer, annotation);
            }
            What::RefusalDelta { at, text } => {
                part_position(writer, at, "content_index");
                writer.field_text("delta", text);
            }
            What::RefusalDone { at, text } => {
                part_position(writer, at, "content_index");
                writer.field_text("refusal", text);
            }
            What::ReasoningPartAdded { at, kind } => reasoning_part(writer, at, *kind, &Text::empty()),
            What::ReasoningPartDone { at, kind, text } => reasoning_part(writer, at, *kind, text),
            What::ReasoningDelta { at, kind, text, extra } => {
                part_position(writer, at, index_name(*kind));
                self.delta(writer, text, extra);
            }
            What::ReasoningDone { at, kind, text } => {
                part_position(writer, at, index_name(*kind));
                writer.field_text("text", text);
            }
            _ => {}
        }
    }

    fn delta(self, writer: &mut JsonWriter, text: &Text, extra: &Extra) {
        writer.field_text("delta", text);
        writer.extra(extra);
        if self.obfuscate && !extra.iter().any(|(name, _)| &**name == "obfuscation") {
            // It fills the text up to a multiple of 16 bytes, at least one.
            let padding = 16_usize.saturating_sub(text.len() % 16);
            writer.field_str("obfuscation", PADDING.get(..padding).unwrap_or(PADDING));
        }
    }
}

/// The event's `type`.
fn kind(what: &What) -> &str {
    match what {
        What::Created(_) => "response.created",
        What::InProgress(_) => "response.in_progress",
        What::ItemAdded { .. } => "response.output_item.added",
        What::ItemDone { .. } => "response.output_item.done",
        What::PartAdded { .. } | What::ReasoningPartAdded { kind: ReasoningKind::Content, .. } => {
            "response.content_part.added"
        }
        What::PartDone { .. } | What::ReasoningPartDone { kind: ReasoningKind::Content, .. } => {
            "response.content_part.done"
        }
        What::TextDelta { .. } => "response.output_text.delta",
        What::TextDone { .. } => "response.output_text.done",
        What::AnnotationAdded { .. } => "response.output_text.annotation.added",
        What::RefusalDelta { .. } => "response.refusal.delta",
        What::RefusalDone { .. } => "response.refusal.done",
        What::ReasoningDelta { kind: ReasoningKind::Content, .. } => "response.reasoning.delta",
        What::ReasoningDone { kind: ReasoningKind::Content, .. } => "response.reasoning.done",
        What::ReasoningPartAdded { kind: ReasoningKind::Summary, .. } => {
            "response.reasoning_summary_part.added"
        }
        What::ReasoningPartDone { kind: ReasoningKind::Summary, .. } => {
            "response.reasoning_summary_part.done"
        }
        What::ReasoningDelta { kind: ReasoningKind::Summary, .. } => "response.reasoning_summary_text.delta",
        What::ReasoningDone { kind: ReasoningKind::Summary, .. } => "response.reasoning_summary_text.done",
        What::ArgumentsDelta { .. } => "response.function_call_arguments.delta",
        What::ArgumentsDone { .. } => "response.function_call_arguments.done",
        What::Opaque { kind, .. } => kind,
        What::Error(_) => "error",
        What::Ended(whole) => match &whole.outcome {
            Outcome::Completed => "response.completed",
            Outcome::Incomplete(_) => "response.incomplete",
            Outcome::Failed(_) | Outcome::InProgress => "response.failed",
        },
    }
}

fn item_position(writer: &mut JsonWriter, at: &Position) {
    writer.field_str("item_id", &at.item_id);
    writer.key("output_index").u64(u64::from(at.output_index));
}

fn part_position(writer: &mut JsonWriter, at: &Position, index: &str) {
    item_position(writer, at);
    writer.key(index).u64(u64::from(at.part));
}

fn content_part(writer: &mut JsonWriter, at: &Position, part: &Part) {
    part_position(writer, at, "content_index");
    writer.key("part");
    write::part(writer, part, Form::Response);
}

fn index_name(kind: ReasoningKind) -> &'static str {
    match kind {
        ReasoningKind::Content => "content_index",
        ReasoningKind::Summary => "summary_index",
    }
}

fn reasoning_part(writer: &mut JsonWriter, at: &Position, kind: ReasoningKind, text: &Text) {
    part_position(writer, at, index_name(kind));
    writer.key("part");
    let part_type = match kind {
        ReasoningKind::Content => "reasoning_text",
        ReasoningKind::Summary => "summary_text",
    };
    write::reasoning_text(writer, part_type, text);
}

/// Required, also where there are none.
fn logprobs(writer: &mut JsonWriter, logprobs: Option<&lattice_model::Json>) {
    writer.key("logprobs");
    if let Some(logprobs) = logprobs {
        writer.json(logprobs);
    } else {
        writer.array(|_| {});
    }
}
