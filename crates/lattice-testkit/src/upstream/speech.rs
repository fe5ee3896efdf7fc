//! Any answer in any provider's words, without a server.

use serde_json::Value;

use super::script::{Call, Scripted, Stop};
use super::{anthropic, chat, gemini, openai};

/// What a model says.
#[derive(Debug, Clone, Default)]
pub struct Speech {
    /// What it thought before, if anything.
    pub thought: Option<String>,
    /// Its text; none if it is empty.
    pub text: String,
    /// Functions it calls: name and arguments, an object.
    pub calls: Vec<(String, Value)>,
    /// It was cut off by the limit of tokens.
    pub cut: bool,
}

/// What is said as a provider writes it: the whole answer, and the frames of a stream. The dialects are `openai`, `chat`, `anthropic` and
/// `gemini`; anything else is taken for `openai`.
pub fn speak(dialect: &str, said: &Speech) -> (Value, Vec<String>) {
    let wire = match dialect {
        "chat" => chat::WIRE,
        "anthropic" => anthropic::WIRE,
        "gemini" => gemini::WIRE,
        _ => openai::WIRE,
    };
    let calls = said.calls.iter().enumerate().map(|(at, (name, arguments))| Call {
        id: format!("call_said_{at}"),
        name: name.clone(),
        arguments: arguments.clone(),
    });
    let answer = Scripted {
        model: "m".to_owned(),
        reasoning: said.thought.clone(),
        text: said.text.clone(),
        calls: calls.collect(),
        stop: match (said.cut, said.calls.is_empty()) {
            (true, _) => Stop::Length,
            (false, false) => Stop::Calls,
            (false, true) => Stop::End,
        },
        echo: Value::Null,
    };
    ((wire.whole)(&answer), (wire.frames)(&answer))
}
