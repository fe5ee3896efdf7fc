//! What the demo says.

use lattice_model::{
    Closing, Delta, Effort, End, Extra, Format, FunctionTool, IncompleteReason, Item, Message, Opening,
    OutputText, Part, Piece, ReasoningKind, Role, Said, Text, Tool, ToolChoice, ToolMode, Turn, Usage,
};

use super::sample;
use crate::foreign::minted_call_id;

/// Characters per token: the demo's rough estimate, the same for every text.
const CHARACTERS_PER_TOKEN: u64 = 4;

/// What the demo has to say.
enum Speech {
    Reasoning(String),
    Text(String),
    Call { name: String, arguments: String },
}

pub(super) fn deltas(turn: &Turn) -> Vec<Delta> {
    let mut speaker =
        Speaker { deltas: Vec::new(), key: 0, left: turn.max_output_tokens, spent: 0, reasoned: 0 };
    for speech in speeches(turn) {
        if speaker.say(&speech, turn) {
            break;
        }
    }
    let end = if speaker.left == Some(0) {
        End::Incomplete(IncompleteReason::MaxOutputTokens)
    } else {
        End::Completed
    };
    speaker.deltas.push(Delta::Usage(Box::new(Usage {
        input_tokens: tokens(input_characters(turn)),
        output_tokens: speaker.spent,
        reasoning_tokens: speaker.reasoned,
        ..Usage::default()
    })));
    speaker.deltas.push(Delta::End(end));
    speaker.deltas
}

fn tokens(characters: u64) -> u64 {
    characters.div_ceil(CHARACTERS_PER_TOKEN).max(1)
}

/// Speaks word by word until its budget is used up.
struct Speaker {
    deltas: Vec<Delta>,
    key: u32,
    left: Option<u64>,
    spent: u64,
    reasoned: u64,
}

impl Speaker {
    /// Says something; true when the budget ran out in it.
    fn say(&mut self, speech: &Speech, turn: &Turn) -> bool {
        let key = self.key;
        self.key += 1;
        let (item, text) = match speech {
            Speech::Reasoning(text) => (Opening::Reasoning { id: None }, text),
            Speech::Text(text) => (Opening::Message { id: None, phase: None }, text),
            Speech::Call { name, arguments } => {
                let call_id = minted_call_id(&turn.id, usize::try_from(key).unwrap_or_default());
                (Opening::FunctionCall { id: None, call_id, name: name.clone() }, arguments)
            }
        };
        self.deltas.push(Delta::Piece { key, piece: Piece::Open(item) });
        for word in text.split_inclusive(' ') {
            let cost = tokens(u64::try_from(word.chars().count()).unwrap_or_default());
            if self.left.is_some_and(|left| left < cost) {
                self.left = Some(0);
                return true;
            }
            self.left = self.left.map(|left| left - cost);
            self.spent += cost;
            let (text, extra) = (Text::new(word), Extra::new());
            self.deltas.push(match speech {
                Speech::Reasoning(_) => {
                    self.reasoned += cost;
                    Delta::Piece {
                        key,
                        piece: Piece::Reasoning { kind: ReasoningKind::Summary, part: 0, text, extra },
                    }
                }
                Speech::Text(_) => {
                    Delta::Piece { key, piece: Piece::Text { part: 0, text, logprobs: None, extra } }
                }
                Speech::Call { .. } => Delta::Piece { key, piece: Piece::Arguments { text, extra } },
            });
        }
        self.deltas.push(Delta::Piece { key, piece: Piece::Close(Closing::default()) });
        // A budget that was met exactly is not one that cut anything.
        self.left = self.left.map(|left| left.max(1));
        false
    }
}

fn speeches(turn: &Turn) -> Vec<Speech> {
    let mut speeches = Vec::new();
    let reasoning = turn.reasoning.as_ref();
    if reasoning
        .is_some_and(|reasoning| reasoning.summary.is_some() && reasoning.effort != Some(Effort::None))
    {
        speeches.push(Speech::Reasoning(
            "The demo does not think; it reads the request and answers by rule.".to_owned(),
        ));
    }
    if let Some(function) = to_call(turn) {
        let schema = function.parameters.as_ref().map(lattice_model::Json::to_value).unwrap_or_default();
        let arguments =
            if schema.is_object() { sample::of_schema(&schema).to_string() } else { "{}".to_owned() };
        let arguments = if arguments.starts_with('{') { arguments } else { "{}".to_owned() };
        speeches.push(Speech::Call { name: function.name.clone(), arguments });
        return speeches;
    }
    speeches.push(Speech::Text(match &turn.format {
        Format::Text => text(turn),
        Format::JsonObject => serde_json::json!({"demo": true, "you_said": last_said(turn)}).to_string(),
        Format::JsonSchema { schema, .. } => sample::of_schema(&schema.to_value()).to_string(),
    }));
    speeches
}

/// The first tool that may be called, unless a result has just come in or no tool is wanted.
fn to_call(turn: &Turn) -> Option<&FunctionTool> {
    if matches!(turn.items().next_back().map(|said| said.item), Some(Item::FunctionCallOutput(_))) {
        return None;
    }
    let offered = turn.tools.iter().filter_map(|tool| match tool {
        Tool::Function(function) => Some(function),
        Tool::Hosted(_) => None,
    });
    let may = |function: &&FunctionTool| match &turn.tool_choice {
        Some(ToolChoice::Mode(ToolMode::None) | ToolChoice::Hosted(_)) => false,
        Some(ToolChoice::Function(name)) => *name == function.name,
        Some(ToolChoice::Allowed { mode, names }) => {
            *mode != ToolMode::None && names.contains(&function.name)
        }
        Some(ToolChoice::Mode(_)) | None => true,
    };
    offered.into_iter().find(may)
}

fn text(turn: &Turn) -> String {
    let label = "This is latticelm's demo model: no provider is configured, so no real model answers.";
    if let Some(Item::FunctionCallOutput(output)) = turn.items().next_back().map(|said| said.item) {
        return format!("{label} The tool answered: {}", quoted(&parts_text(&output.output)));
    }
    let images = turn.items().filter_map(message).flat_map(|message| &message.content);
    let images = images.filter(|part| matches!(part, Part::Image(_))).count();
    let seen = match images {
        0 => String::new(),
        1 => " You sent an image.".to_owned(),
        many => format!(" You sent {many} images."),
    };
    let messages = turn.items().filter_map(message).count();
    let nth =
        if messages > 1 { format!(" This conversation has {messages} messages.") } else { String::new() };
    format!("{label} You said: {}{seen}{nth}", quoted(&last_said(turn)))
}

fn message(said: Said<'_>) -> Option<&Message> {
    match said.item {
        Item::Message(message) => Some(message),
        _ => None,
    }
}

fn last_said(turn: &Turn) -> String {
    let last = turn.items().rev().filter_map(message).find(|message| message.role == Role::User);
    last.map(|message| parts_text(&message.content)).unwrap_or_default()
}

fn parts_text(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match part {
        Part::InputText { text, .. } | Part::OutputText(OutputText { text, .. }) => {
            Some(text.decode().into_owned())
        }
        _ => None,
    });
    texts.collect::<Vec<_>>().join(" ")
}

/// At most 500 characters of what was said.
fn quoted(text: &str) -> String {
    let start: String = text.chars().take(500).collect();
    let more = if start.len() < text.len() { "…" } else { "" };
    format!("“{start}{more}”")
}

fn input_characters(turn: &Turn) -> u64 {
    let instructions = turn.instructions.as_ref().map_or(0, Text::len);
    let items = turn.items().map(|said| match said.item {
        Item::Message(message) => message.content.iter().map(part_length).sum(),
        Item::FunctionCall(call) => call.arguments.len().saturating_add(call.name.len()),
        Item::FunctionCallOutput(output) => output.output.iter().map(part_length).sum(),
        Item::Reasoning(_) | Item::Other(_) => 0,
    });
    u64::try_from(instructions.saturating_add(items.sum())).unwrap_or(u64::MAX)
}

fn part_length(part: &Part) -> usize {
    match part {
        Part::InputText { text, .. } | Part::OutputText(OutputText { text, .. }) => text.len(),
        Part::Refusal { refusal, .. } => refusal.len(),
        // An image or a file counts as a page of text.
        Part::Image(_) | Part::File(_) | Part::Video { .. } | Part::Other { .. } => 1000,
    }
}
