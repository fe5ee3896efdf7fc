//! The conversation as messages: neighbours of one role joined, results of tools first in their message.

use bytes::Bytes;
use lattice_model::{FunctionCall, FunctionCallOutput, Item, Message, Path, Role, Said, Text, Turn};
use lattice_wire::write::JsonWriter;

use super::content::{Block, block};
use super::models::Traits;
use super::thinking;
use crate::error::EncodeError;
use crate::foreign::{is_operator, safe_call_id};

/// The system prompt and the messages.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) system: Vec<Block>,
    messages: Vec<Draft>,
}

#[derive(Debug)]
struct Draft {
    role: &'static str,
    blocks: Vec<Block>,
}

impl Conversation {
    /// `with_thinking` says whether signed thoughts go along.
    pub(super) fn of(
        turn: &Turn,
        model: Traits,
        origin: &str,
        with_thinking: bool,
    ) -> Result<Self, EncodeError> {
        let mut conversation = Self::default();
        if let Some(text) = turn.instructions.as_ref().filter(|text| !text.is_empty()) {
            conversation.system.push(Block::Text { text: text.clone(), cache: None });
        }
        for Said { item, path } in turn.items() {
            match item {
                Item::Message(message) => conversation.message(message, path, model)?,
                Item::FunctionCall(call) => {
                    let input = arguments(&call.arguments, path)?;
                    conversation.call(call, input);
                }
                Item::FunctionCallOutput(output) => conversation.output(output, path)?,
                Item::Reasoning(reasoning) if with_thinking => {
                    if let Some(block) = thinking::block(reasoning, origin) {
                        conversation.add("assistant", Block::Own(block));
                    }
                }
                Item::Reasoning(_) | Item::Other(_) => {}
            }
        }
        if conversation.messages.is_empty() {
            let message = "Claude needs at least one message of the user's or the assistant's with content";
            return Err(EncodeError::invalid("input", message));
        }
        Ok(conversation)
    }

    fn add(&mut self, role: &'static str, block: Block) {
        match self.messages.last_mut() {
            Some(last) if last.role == role => last.blocks.push(block),
            _ => self.messages.push(Draft { role, blocks: vec![block] }),
        }
    }

    fn message(&mut self, message: &Message, path: Path<'_>, model: Traits) -> Result<(), EncodeError> {
        let operator = is_operator(message.role);
        // Older models take system messages only at the front; newer ones take them where they stand.
        let in_front = operator && (self.messages.is_empty() || !model.inline_system);
        let list = path.key("content");
        for (at, part) in message.content.iter().enumerate() {
            let Some(block) = block(part, list.index(at))? else { continue };
            match message.role {
                _ if in_front => self.system.push(block),
                Role::System | Role::Developer => self.add("system", block),
                Role::Assistant => self.add("assistant", block),
                Role::User => self.add("user", block),
            }
        }
        Ok(())
    }

    fn call(&mut self, call: &FunctionCall, input: Bytes) {
        let (id, name) = (safe_call_id(&call.call_id), call.name.clone());
        self.add("assistant", Block::ToolUse { id, name, input });
    }

    fn output(&mut self, output: &FunctionCallOutput, path: Path<'_>) -> Result<(), EncodeError> {
        let mut content = Vec::new();
        let parts = path.key("output");
        for (at, part) in output.output.iter().enumerate() {
            content.extend(block(part, parts.index(at))?);
        }
        let result = Block::ToolResult { id: safe_call_id(&output.call_id), content };
        match self.messages.last_mut() {
            Some(last) if last.role == "user" => {
                let results =
                    last.blocks.iter().take_while(|block| matches!(block, Block::ToolResult { .. })).count();
                last.blocks.insert(results, result);
            }
            _ => self.messages.push(Draft { role: "user", blocks: vec![result] }),
        }
        Ok(())
    }

    /// Whether the client set breakpoints of its own: then ours stay away.
    pub(super) fn has_breakpoint(&self) -> bool {
        self.system
            .iter()
            .chain(self.messages.iter().flat_map(|draft| &draft.blocks))
            .any(Block::has_breakpoint)
    }

    /// Writes the messages. With `caching` the last two of the user's end in a breakpoint: one for the next turn to read
    /// from, and the one that the turn before wrote.
    pub(super) fn write(&self, writer: &mut JsonWriter, caching: bool) {
        let users: Vec<usize> = self
            .messages
            .iter()
            .enumerate()
            .filter(|(_, draft)| draft.role == "user")
            .map(|(at, _)| at)
            .collect();
        let marked = users.get(users.len().saturating_sub(2)..).unwrap_or_default();
        writer.key("messages").array(|writer| {
            for (at, draft) in self.messages.iter().enumerate() {
                writer.object(|writer| {
                    writer.field_str("role", draft.role);
                    writer.key("content").array(|writer| {
                        let last = draft.blocks.len().saturating_sub(1);
                        for (number, block) in draft.blocks.iter().enumerate() {
                            block.write(writer, caching && number == last && marked.contains(&at));
                        }
                    });
                });
            }
        });
    }
}

/// The arguments of a call: the API wants the object itself, not its text.
fn arguments(text: &Text, path: Path<'_>) -> Result<Bytes, EncodeError> {
    let plain = text.decode();
    let plain = plain.trim();
    if plain.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    let valid = plain.starts_with('{') && serde_json::from_str::<&serde_json::value::RawValue>(plain).is_ok();
    if !valid {
        return Err(EncodeError::invalid(
            path.key("arguments"),
            "the arguments of a call must be a JSON object",
        ));
    }
    Ok(Bytes::copy_from_slice(plain.as_bytes()))
}
