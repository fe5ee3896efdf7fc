//! Thinking: whether and how much, and its signed blocks on their way out and back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use lattice_model::{Effort, Item, Json, Reasoning, Role, Text, ToolChoice, ToolMode, Turn};
use lattice_wire::write::JsonWriter;

use super::models::{Thinking, Traits};
use crate::error::EncodeError;
use crate::seal;

/// The least budget that the API takes, in tokens.
const LEAST: u64 = 1024;

/// What the request says about thinking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Nothing.
    Silent,
    /// `thinking: {type: enabled, budget_tokens}`
    Budget(u64),
    /// `thinking: {type: adaptive}`, and the effort.
    Adaptive(Option<&'static str>),
}

impl Mode {
    pub(super) fn is_on(self) -> bool {
        self != Self::Silent
    }

    /// What the request says, or why it cannot be said.
    pub(super) fn of(turn: &Turn, model: Traits, max_tokens: u64, origin: &str) -> Result<Self, EncodeError> {
        let Some(reasoning) = &turn.reasoning else { return Ok(Self::Silent) };
        let effort = reasoning.effort;
        if effort == Some(Effort::None) || (effort.is_none() && reasoning.summary.is_none()) {
            return Ok(Self::Silent);
        }
        if model.thinking == Thinking::None {
            let param = if effort.is_some() { "reasoning.effort" } else { "reasoning.summary" };
            return Err(EncodeError::unsupported(param, "this model does not think; leave `reasoning` out"));
        }
        if unsigned_calls(turn, origin) {
            // The API refuses to think on after a call whose thoughts it does not get back.
            return Ok(Self::Silent);
        }
        if forces_a_tool(turn) {
            let message =
                "Claude cannot think and be forced to call a tool; use `auto`, or leave `reasoning` out";
            return Err(EncodeError::unsupported("tool_choice", message));
        }
        match model.thinking {
            Thinking::Adaptive { xhigh } => Ok(Self::Adaptive(match effort {
                None => None,
                Some(Effort::None | Effort::Minimal | Effort::Low) => Some("low"),
                Some(Effort::Medium) => Some("medium"),
                Some(Effort::High) => Some("high"),
                Some(Effort::XHigh) if xhigh => Some("xhigh"),
                Some(Effort::XHigh) => {
                    let message = "this model does not know the effort `xhigh`; use `high` or `max`";
                    return Err(EncodeError::unsupported("reasoning.effort", message));
                }
                Some(Effort::Max) => Some("max"),
            })),
            _ => budget(effort, max_tokens).map(Self::Budget),
        }
    }
}

fn budget(effort: Option<Effort>, max_tokens: u64) -> Result<u64, EncodeError> {
    let wanted = match effort {
        Some(Effort::None | Effort::Minimal) => LEAST,
        Some(Effort::Low) => 2048,
        Some(Effort::Medium) | None => 8192,
        Some(Effort::High) => 16_384,
        Some(Effort::XHigh | Effort::Max) => 32_000,
    };
    // The budget is part of the output and has to leave room for an answer.
    let most = max_tokens.saturating_sub(1);
    if most < LEAST {
        let message = format!(
            "this model needs more than {LEAST} output tokens to think; raise it, or leave `reasoning` out"
        );
        return Err(EncodeError::unsupported("max_output_tokens", message));
    }
    Ok(wanted.min(most))
}

fn forces_a_tool(turn: &Turn) -> bool {
    matches!(
        &turn.tool_choice,
        Some(
            ToolChoice::Function(_)
                | ToolChoice::Mode(ToolMode::Required)
                | ToolChoice::Allowed { mode: ToolMode::Required, .. }
        )
    )
}

/// Whether the assistant's last turn calls a tool without its own signed thoughts in front. The turn may have an end by now, and the user
/// may have said more since: the API looks at the last one that there is.
fn unsigned_calls(turn: &Turn, origin: &str) -> bool {
    let is_assistants = |item: &Item| match item {
        Item::Message(message) => message.role == Role::Assistant,
        Item::FunctionCall(_) => true,
        Item::FunctionCallOutput(_) | Item::Reasoning(_) | Item::Other(_) => false,
    };
    let is_users = |item: &Item| matches!(item, Item::Message(message) if message.role == Role::User);
    let items: Vec<&Item> = turn.items().map(|said| said.item).collect();
    let end = items.iter().rposition(|item| is_assistants(item)).map_or(0, |at| at.saturating_add(1));
    let until = items.get(..end).unwrap_or_default();
    let start = until.iter().rposition(|item| is_users(item)).map_or(0, |at| at.saturating_add(1));
    for item in until.get(start..).unwrap_or_default() {
        match item {
            Item::Reasoning(reasoning) if block(reasoning, origin).is_some() => return false,
            Item::FunctionCall(_) => return true,
            _ => {}
        }
    }
    false
}

/// The signed block in an item that this provider made.
pub(super) fn block(reasoning: &Reasoning, origin: &str) -> Option<Json> {
    let payload = seal::open(origin, reasoning.encrypted.as_ref()?)?;
    let block = STANDARD.decode(payload.escaped()).ok()?;
    serde_json::from_slice::<&serde_json::value::RawValue>(&block).ok()?;
    Some(Json::from_raw(block.into()))
}

/// A signed block as what a client keeps for us. The text is in it too: clients may return items without their content.
pub(super) fn sealed(origin: &str, fields: &[(&str, &Text)]) -> Text {
    let mut writer = JsonWriter::new();
    writer.object(|writer| {
        for (key, text) in fields {
            writer.field_text(key, text);
        }
    });
    let payload = STANDARD.encode(writer.finish().to_bytes());
    let literal = [b"\"", payload.as_bytes(), b"\""].concat();
    seal::tag(origin, &Text::from_literal(Bytes::from(literal)).unwrap_or_default())
}
