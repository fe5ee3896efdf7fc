//! What the scripted model answers, in no provider's terms: chosen by the model's name and by what the request holds.

use std::time::Duration;

use serde_json::{Value, json};

use super::play::Step;

/// What a provider's module has found in a request that keeps the rules.
#[derive(Debug, Default)]
pub(super) struct Question {
    pub(super) model: String,
    pub(super) stream: bool,
    /// Names of the functions that may be called.
    pub(super) tools: Vec<String>,
    /// The function that has to be called.
    pub(super) forced: Option<String>,
    /// The last tool results, one after the other.
    pub(super) results: Vec<String>,
    pub(super) images: usize,
    /// Whether the answer has to be JSON by a schema.
    pub(super) schema: bool,
    pub(super) last_text: String,
    /// The settings that the provider repeats in its answer.
    pub(super) echo: Value,
    /// Whether reasoning of this provider came back with its signature.
    pub(super) replayed: bool,
}

/// Why the model stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    End,
    Calls,
    Length,
    Filter,
    Refusal,
}

/// One call of a function.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: Value,
}

/// The model's answer.
#[derive(Debug)]
pub(super) struct Scripted {
    pub(super) model: String,
    pub(super) reasoning: Option<String>,
    pub(super) text: String,
    pub(super) calls: Vec<Call>,
    pub(super) stop: Stop,
    /// [`Question::echo`].
    pub(super) echo: Value,
}

/// The thinking of `script-reasoning`.
pub(super) const THOUGHT: &str = "First I think, then I speak.";
/// What the thinking is signed with; base64, as Gemini's clients demand of theirs.
pub(super) const SIGNATURE: &str = "c2NyaXB0ZWQtc2lnbmF0dXJl";
/// What `script-refusal` says.
pub(super) const REFUSAL: &str = "I will not help with that.";
/// The answer of `script-json`.
pub(super) const OBJECT: &str = r#"{"name":"Ada","age":36}"#;
/// Input and output tokens of every answer, and those of the input that came from the cache.
pub(super) const TOKENS: (u64, u64, u64) = (17, 9, 5);

impl Question {
    /// What the model answers.
    pub(super) fn answer(&self) -> Scripted {
        let mut answer = Scripted {
            model: self.model.clone(),
            reasoning: None,
            text: String::new(),
            calls: Vec::new(),
            stop: Stop::End,
            echo: self.echo.clone(),
        };
        match self.script() {
            "refusal" => (answer.text, answer.stop) = (REFUSAL.to_owned(), Stop::Refusal),
            "length" => (answer.text, answer.stop) = ("This is as far as".to_owned(), Stop::Length),
            "filter" => (answer.text, answer.stop) = ("This is not".to_owned(), Stop::Filter),
            "json" => self.object(&mut answer),
            script => {
                if script.starts_with("reasoning") {
                    answer.reasoning = Some(THOUGHT.to_owned());
                }
                answer.calls = self.calls(script);
                if answer.calls.is_empty() {
                    answer.text = self.text();
                } else {
                    answer.stop = Stop::Calls;
                }
            }
        }
        answer
    }

    /// What comes behind `script-` in the model's name; the name of a fault without it.
    fn script(&self) -> &str {
        self.model.split_once("script-").map_or("text", |(_, script)| script)
    }

    fn object(&self, answer: &mut Scripted) {
        match &self.forced {
            Some(name) if !self.schema => {
                let arguments = serde_json::from_str(OBJECT).unwrap_or_default();
                answer.calls.push(Call { id: "call_script_json".to_owned(), name: name.clone(), arguments });
                answer.stop = Stop::Calls;
            }
            _ => answer.text.push_str(OBJECT),
        }
    }

    fn calls(&self, script: &str) -> Vec<Call> {
        let wanted = match script {
            "parallel-tools" => 2,
            "tool" | "tool-empty" | "reasoning-tool" => 1,
            _ => usize::from(self.forced.is_some()),
        };
        if !self.results.is_empty() {
            return Vec::new();
        }
        let tools =
            self.forced.iter().chain(self.tools.iter().filter(|tool| Some(*tool) != self.forced.as_ref()));
        let call = |(index, name): (usize, &String)| Call {
            id: format!("call_script_{index}"),
            name: name.clone(),
            arguments: if script == "tool-empty" {
                json!({})
            } else {
                json!({"city": "Zürich", "number": index})
            },
        };
        tools.take(wanted).enumerate().map(call).collect()
    }

    fn text(&self) -> String {
        let mut text = String::from("Grüße 🌍");
        if !self.results.is_empty() {
            text.push_str(&format!(" result: {}", self.results.join(" and ")));
        }
        if self.images > 0 {
            text.push_str(&format!(" images: {}", self.images));
        }
        if self.replayed {
            text.push_str(" replayed");
        }
        if self.results.is_empty() {
            text.push_str(&format!(" you said: {}", self.last_text));
        }
        text
    }
}

impl Scripted {
    /// The text in the pieces in which it is streamed: words, with a cut inside the words too.
    pub(super) fn pieces(text: &str) -> Vec<String> {
        let letters: Vec<char> = text.chars().collect();
        letters.chunks(4).map(|piece| piece.iter().collect()).collect()
    }
}

/// A fault that a model's name asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Reset,
    /// A status; the second value is whether it comes only every other time.
    Status(u16, bool),
    Cut(usize),
    Stall(usize),
    Garbage,
    Oversize,
    ErrorEvent,
    /// Nothing more after two deltas, or half of a JSON answer, until the test lets go of it.
    Held,
    /// A pause before each frame, so that the whole takes longer than a hasty stage waits for a frame.
    Slower,
    Forever,
    Paced,
}

impl Fault {
    /// The fault in a model's name, such as `fault-cut-3` or `claude-fault-429`.
    pub(super) fn of(model: &str) -> Option<Self> {
        for (name, fault) in [
            ("held", Self::Held),
            ("slower", Self::Slower),
            ("forever-paced", Self::Paced),
            ("forever", Self::Forever),
        ] {
            if model.ends_with(name) {
                return Some(fault);
            }
        }
        let (_, fault) = model.split_once("fault-")?;
        let number = |text: &str| text.parse().ok();
        match fault.split_once('-') {
            Some(("cut", after)) => number(after).map(Self::Cut),
            Some(("stall", after)) => number(after).map(Self::Stall),
            Some((status, "once")) => status.parse().ok().map(|status| Self::Status(status, true)),
            Some(("error", "event")) => Some(Self::ErrorEvent),
            _ => match fault {
                "reset" => Some(Self::Reset),
                "garbage" => Some(Self::Garbage),
                "oversize" => Some(Self::Oversize),
                status => status.parse().ok().map(|status| Self::Status(status, false)),
            },
        }
    }

    /// Spoils a stream of frames. `is_delta` tells the frames that the fault counts, `error` is the provider's error frame.
    pub(super) fn spoil(self, frames: Vec<String>, is_delta: fn(&str) -> bool, error: String) -> Vec<Step> {
        let keep = match self {
            Self::Cut(after) | Self::Stall(after) => after,
            Self::Held | Self::Slower => usize::MAX,
            _ => 2,
        };
        let delta = frames.iter().find(|frame| is_delta(frame)).cloned().unwrap_or_default();
        let mut steps = Vec::new();
        let mut deltas = 0;
        for frame in frames {
            if is_delta(&frame) {
                if deltas == keep {
                    break;
                }
                deltas += 1;
            }
            if self == Self::Slower {
                steps.push(Step::Pause(Duration::from_millis(300)));
            }
            steps.push(Step::Send(frame));
            if self == Self::Held && deltas == 2 {
                steps.push(Step::Hold);
            }
        }
        match self {
            Self::Cut(_) => steps.push(Step::Cut),
            Self::Stall(_) => steps.push(Step::Stall),
            Self::Garbage => {
                steps.push(Step::Send("data: {\"this is not JSON\n\ndata: <html>\n\n".to_owned()));
            }
            Self::Oversize => {
                steps.extend([Step::Send("data: {\"a\":\"".to_owned()), Step::Forever("x".repeat(1 << 16))]);
            }
            Self::ErrorEvent => steps.push(Step::Send(error)),
            Self::Forever => steps.push(Step::Forever(delta.repeat(100))),
            Self::Paced => steps.push(Step::Paced(delta, Duration::from_millis(5))),
            Self::Held | Self::Slower | Self::Reset | Self::Status(..) => {}
        }
        steps
    }
}

/// Why a provider refuses a request: status, the provider's own word for the class, and the message.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self { status: 400, kind: "invalid_request_error", message: message.into() }
    }

    pub(super) fn key() -> Self {
        Self { status: 401, kind: "authentication_error", message: "the key is missing".to_owned() }
    }
}

/// Refuses fields that the provider does not know, and nulls, which OpenAI refuses where it documents no null.
pub(super) fn known(object: &Value, known: &str, place: &str) -> Result<(), Refused> {
    let Some(fields) = object.as_object() else {
        return Err(Refused::invalid(format!("{place}: expected an object, got {object}")));
    };
    for (name, value) in fields {
        if !known.split_whitespace().any(|known| known == name) {
            return Err(Refused::invalid(format!("{place}.{name}: unknown parameter")));
        }
        if value.is_null() {
            return Err(Refused::invalid(format!("{place}.{name}: null is not expected here")));
        }
    }
    Ok(())
}

/// Refuses the request unless `holds`.
pub(super) fn demand(holds: bool, message: impl FnOnce() -> String) -> Result<(), Refused> {
    if holds { Ok(()) } else { Err(Refused::invalid(message())) }
}

/// The values of an array; none of anything else.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A text field that has to be there and to hold something.
pub(super) fn text<'a>(object: &'a Value, name: &str, place: &str) -> Result<&'a str, Refused> {
    object[name]
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Refused::invalid(format!("{place}.{name}: required")))
}
