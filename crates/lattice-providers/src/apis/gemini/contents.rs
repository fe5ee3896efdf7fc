//! The conversation as contents: what one side said in a row is one content, and so are all results of a turn.

use lattice_model::{FunctionCall, Item, Message, OutputText, Part, Path, Reasoning, Role, Said, Text, Turn};
use lattice_wire::write::JsonWriter;

use super::models::Generation;
use super::stream::SIGNATURE;
use super::{Gemini, endings, media, tool_results};
use crate::error::EncodeError;
use crate::foreign::is_operator;
use crate::seal;

/// Stands for a signature that nobody has, as the first call of a step must have one:
/// <https://ai.google.dev/gemini-api/docs/thought-signatures#faqs>.
const PLACEHOLDER: &str = "skip_thought_signature_validator";

/// `systemInstruction`: all that the operator said.
pub(super) fn system(writer: &mut JsonWriter, turn: &Turn) -> Result<(), EncodeError> {
    let operators = |said: Said<'_>| matches!(said.item, Item::Message(message) if is_operator(message.role));
    if turn.instructions.is_none() && !turn.items().any(operators) {
        return Ok(());
    }
    writer
        .key("systemInstruction")
        .object(|writer| writer.key("parts").array(|writer| operators_parts(writer, turn)))
}

fn operators_parts(writer: &mut JsonWriter, turn: &Turn) -> Result<(), EncodeError> {
    if let Some(instructions) = &turn.instructions {
        text_part(writer, instructions);
    }
    for Said { item, path } in turn.items() {
        let Item::Message(message) = item else { continue };
        if !is_operator(message.role) {
            continue;
        }
        for (number, part) in message.content.iter().enumerate() {
            let Part::InputText { text, .. } = part else {
                let message = "Gemini takes only text from the operator; put it into a user message";
                let list = path.key("content");
                return Err(EncodeError::unsupported(list.index(number), message));
            };
            text_part(writer, text);
        }
    }
    Ok(())
}

/// `contents`
pub(super) fn write(
    writer: &mut JsonWriter,
    turn: &Turn,
    codec: &Gemini,
    generation: Generation,
) -> Result<(), EncodeError> {
    writer.key("contents").array(|writer| {
        let said = turn.items().collect();
        let mut contents =
            Contents { writer, said, codec, generation, role: None, call_written: false, any: false };
        for at in 0..contents.said.len() {
            contents.item(at)?;
        }
        contents.end();
        if contents.any {
            return Ok(());
        }
        let message = "Gemini needs at least one message of the user's; `instructions` alone are not enough";
        Err(EncodeError::invalid("input", message))
    })
}

struct Contents<'a> {
    writer: &'a mut JsonWriter,
    said: Vec<Said<'a>>,
    codec: &'a Gemini,
    generation: Generation,
    /// Whose content is open.
    role: Option<&'static str>,
    /// Whether the open content has a call already: only the first one must be signed.
    call_written: bool,
    any: bool,
}

impl Contents<'_> {
    /// Makes sure that a content of this role is open. It stays open over several items, so [`Self::end`] closes it.
    fn side(&mut self, role: &'static str) {
        if self.role == Some(role) {
            return;
        }
        self.end();
        self.writer.begin_object();
        self.writer.field_str("role", role);
        self.writer.key("parts").begin_array();
        self.role = Some(role);
        self.call_written = false;
        self.any = true;
    }

    fn end(&mut self) {
        if self.role.take().is_some() {
            self.writer.end_array();
            self.writer.end_object();
        }
    }

    fn item(&mut self, at: usize) -> Result<(), EncodeError> {
        let Some(Said { item, path }) = self.said.get(at).copied() else { return Ok(()) };
        match item {
            Item::Message(message) if is_operator(message.role) => Ok(()),
            Item::Message(message) if message.role == Role::Assistant => self.spoken(at, path, message),
            Item::Message(message) => {
                let list = path.key("content");
                for (number, part) in message.content.iter().enumerate() {
                    let path = list.index(number);
                    self.side("user");
                    if let Part::InputText { text, .. } = part {
                        text_part(self.writer, text);
                    } else {
                        media::part(self.writer, part, path, self.codec.service, self.generation)?;
                    }
                }
                Ok(())
            }
            Item::FunctionCall(call) => self.call(path, call),
            Item::FunctionCallOutput(output) => {
                let calls = self.said.iter().take(at).rev();
                let mut calls = calls.filter_map(|said| match said.item {
                    Item::FunctionCall(call) => Some(call),
                    _ => None,
                });
                let Some(call) = calls.find(|call| call.call_id == output.call_id) else {
                    let message = format!("no function call with the id `{}` stands before", output.call_id);
                    return Err(EncodeError::invalid(path.key("call_id"), message));
                };
                self.side("user");
                let id = self.takes_ids().then_some(output.call_id.as_str());
                let images = self.generation == Generation::Three;
                tool_results::write(self.writer, output, &call.name, id, images, path)
            }
            Item::Reasoning(reasoning) => {
                self.reasoning(reasoning);
                Ok(())
            }
            // Refused before.
            Item::Other(_) => Ok(()),
        }
    }

    /// Older models on Vertex AI know no ids of calls.
    fn takes_ids(&self) -> bool {
        self.codec.service == super::Service::Developer || self.generation == Generation::Three
    }

    fn spoken(&mut self, at: usize, path: Path<'_>, message: &Message) -> Result<(), EncodeError> {
        let signature = match self.said.get(at.saturating_add(1)).map(|said| said.item) {
            Some(Item::Reasoning(behind)) => self.opened(behind, endings::TEXT),
            _ => None,
        };
        let mut texts = Vec::new();
        for (number, part) in message.content.iter().enumerate() {
            match part {
                Part::OutputText(OutputText { text, .. })
                | Part::InputText { text, .. }
                | Part::Refusal { refusal: text, .. } => texts.push(text),
                other => {
                    self.side("model");
                    let list = path.key("content");
                    media::part(self.writer, other, list.index(number), self.codec.service, self.generation)?;
                }
            }
        }
        // An empty part is refused.
        texts.retain(|text| !text.is_empty());
        let count = texts.len();
        for (number, text) in texts.into_iter().enumerate() {
            self.side("model");
            self.writer.object(|writer| {
                writer.field_text("text", text);
                if number.saturating_add(1) == count {
                    writer.optional_text("thoughtSignature", signature.as_ref());
                }
            });
        }
        Ok(())
    }

    fn call(&mut self, path: Path<'_>, call: &FunctionCall) -> Result<(), EncodeError> {
        let arguments = call.arguments.decode();
        let arguments = if arguments.trim().is_empty() { "{}" } else { arguments.trim() };
        let object = serde_json::from_str::<&serde_json::value::RawValue>(arguments)
            .is_ok_and(|raw| raw.get().starts_with('{'));
        if !object {
            let message = "Gemini takes only a JSON object as the arguments of a call";
            return Err(EncodeError::invalid(path.key("arguments"), message));
        }
        self.side("model");
        let carried = call.extra.iter().find(|(name, _)| &**name == SIGNATURE);
        let carried = carried.and_then(|(_, json)| Text::from_literal(json.raw().clone()).ok());
        let signature = carried
            .and_then(|tagged| seal::open(&self.codec.origin, &tagged))
            .or_else(|| self.codec.signatures.find(&call.call_id, &call.name, &call.arguments))
            .or_else(|| {
                let needed = self.generation == Generation::Three && !self.call_written;
                needed.then(|| Text::new(PLACEHOLDER))
            });
        self.call_written = true;
        let takes_ids = self.takes_ids();
        self.writer.object(|writer| {
            writer.key("functionCall").object(|writer| {
                if takes_ids {
                    writer.field_str("id", &call.call_id);
                }
                writer.field_str("name", &call.name);
                writer.key("args").raw(&arguments.to_owned().into());
            });
            writer.optional_text("thoughtSignature", signature.as_ref());
        });
        Ok(())
    }

    /// The signature that a reasoning item carries, if it is ours and of this kind (C7).
    fn opened(&self, reasoning: &Reasoning, kind: &str) -> Option<Text> {
        let payload = seal::open(&self.codec.origin, reasoning.encrypted.as_ref()?)?;
        payload.decode().strip_prefix(kind).map(Text::new)
    }

    fn reasoning(&mut self, reasoning: &Reasoning) {
        if let Some(signature) = self.opened(reasoning, endings::THOUGHT) {
            let thought: String =
                reasoning.summary.iter().chain(&reasoning.content).map(Text::decode).collect();
            self.side("model");
            self.writer.object(|writer| {
                writer.field_text("text", &Text::new(&thought));
                writer.key("thought").bool(true);
                writer.field_text("thoughtSignature", &signature);
            });
        }
        if let Some(signature) = self.opened(reasoning, endings::PART) {
            self.side("model");
            self.writer.object(|writer| {
                writer.field_str("text", "");
                writer.field_text("thoughtSignature", &signature);
            });
        }
    }
}

fn text_part(writer: &mut JsonWriter, text: &Text) {
    writer.object(|writer| {
        writer.field_text("text", text);
    });
}
