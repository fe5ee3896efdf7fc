//! The recorded exchanges of Chat Completions, read whole, in pieces and cut; and what turns become.

use std::fmt::Write;

use bytes::Bytes;
use lattice_model::{
    Delta, End, Extra, FunctionCall, Item, Message, Opening, OutputText, Part, Piece, Reasoning,
    ReasoningKind, Role, Text, TextBuilder,
};
use serde_json::{Value, json};

use crate::apis::testing::{self, shown, turn};
use crate::error::DecodeError;
use crate::provider::Provider;
use crate::settings::Settings;

mod calls;
mod chunks;
mod faults;
mod refusals;
mod requests;

/// `openai` with this API, or a preset.
fn provider(name: &str) -> Box<dyn Provider> {
    let api = (name == "openai").then_some(("api", "chat_completions"));
    let values: Vec<_> = [("api_key", "key")].into_iter().chain(api).collect();
    crate::build(&Settings::with("main", name, &values).unwrap()).unwrap()
}

/// All of `openai-chat`, and of `azure-openai` what is about chat completions.
fn recordings() -> Vec<(String, Value)> {
    let mut found = testing::recordings("azure-openai", |name| name.starts_with("chat_"));
    found.extend(testing::recordings("openai-chat", |_| true));
    assert!(found.len() >= 29);
    found
}

fn streams() -> Vec<(String, Bytes)> {
    testing::streams(recordings())
}

/// Whole answers with status 200.
fn answers() -> Vec<(String, Value)> {
    let body = |recording: Value| {
        let response = &recording["response"];
        (response["status"] == 200 && !response["body"].is_null()).then(|| response["body"].clone())
    };
    recordings().into_iter().filter_map(|(name, one)| Some((name, body(one)?))).collect()
}

type Read = (Vec<Delta>, Result<(), DecodeError>);

fn read(chunks: &[Bytes]) -> Read {
    testing::read(&*provider("openai"), &turn(), chunks)
}

/// Reads a stream of these chunks, without `[DONE]`.
fn read_chunks(chunks: &[Value]) -> Read {
    let mut stream = String::new();
    for chunk in chunks {
        write!(stream, "data: {chunk}\n\n").unwrap();
    }
    read(&[stream.into()])
}

fn read_whole(body: &Value) -> Result<Vec<Delta>, DecodeError> {
    let mut deltas = Vec::new();
    provider("openai").decode(&turn(), &body.to_string().into(), &mut deltas).map(|()| deltas)
}

/// A chunk with this `delta`.
fn chunk(delta: &Value) -> Value {
    json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

/// The chunk that says why the answer is over.
fn finish(reason: &str) -> Value {
    json!({"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn ends(deltas: &[Delta]) -> Vec<&End> {
    deltas.iter().filter_map(|delta| if let Delta::End(end) = delta { Some(end) } else { None }).collect()
}

/// What the gateway makes of the deltas: the items, in the order in which they were opened.
fn items(deltas: &[Delta]) -> Vec<Item> {
    let joined = |wanted: u32| {
        let mut text = TextBuilder::default();
        for delta in deltas {
            match delta {
                Delta::Piece {
                    key,
                    piece:
                        Piece::Text { text: piece, .. }
                        | Piece::Refusal { text: piece, .. }
                        | Piece::Reasoning { kind: ReasoningKind::Content, text: piece, .. }
                        | Piece::Arguments { text: piece, .. },
                } if *key == wanted => {
                    text.push(piece);
                }
                _ => {}
            }
        }
        text.finish()
    };
    let refuses = |wanted: u32| {
        deltas.iter().any(
            |delta| matches!(delta, Delta::Piece { key, piece: Piece::Refusal { .. } } if *key == wanted),
        )
    };
    let item = |delta: &Delta| {
        let Delta::Piece { key, piece: Piece::Open(item) } = delta else { return None };
        Some(match item {
            Opening::Message { .. } if refuses(*key) => {
                message(Part::Refusal { refusal: joined(*key), extra: Extra::new() })
            }
            Opening::Message { .. } => {
                message(Part::OutputText(OutputText { text: joined(*key), ..OutputText::default() }))
            }
            Opening::FunctionCall { call_id, name, .. } => call(call_id, name, joined(*key)),
            Opening::Reasoning { .. } => {
                Item::Reasoning(Reasoning { content: vec![joined(*key)], ..Reasoning::default() })
            }
            Opening::Other(_) => panic!("{delta:?}"),
        })
    };
    deltas.iter().filter_map(item).collect()
}

fn message(part: Part) -> Item {
    let content = vec![part];
    Item::Message(Message {
        id: None,
        role: Role::Assistant,
        phase: None,
        status: None,
        content,
        extra: Extra::new(),
    })
}

fn call(call_id: &str, name: &str, arguments: Text) -> Item {
    let (call_id, name) = (call_id.to_owned(), name.to_owned());
    Item::FunctionCall(FunctionCall { id: None, call_id, name, arguments, status: None, extra: Extra::new() })
}

/// The last count of tokens.
fn usage(deltas: &[Delta]) -> Option<&lattice_model::Usage> {
    let found = |delta: &'_ Delta| matches!(delta, Delta::Usage(_));
    match deltas.iter().rfind(|delta| found(delta)) {
        Some(Delta::Usage(usage)) => Some(usage.as_ref()),
        _ => None,
    }
}

#[test]
fn streams_read_the_same_however_they_are_cut() {
    for (name, stream) in streams() {
        let (whole, end) = read(std::slice::from_ref(&stream));
        assert_eq!(end, Ok(()), "{name}");
        assert_eq!(ends(&whole).len(), 1, "{name}");
        let bytes: Vec<Bytes> = (0..stream.len()).map(|at| stream.slice(at..=at)).collect();
        assert_eq!(read(&bytes), (whole.clone(), Ok(())), "{name} byte by byte");
        let step = (stream.len() / 500).max(1);
        for at in (0..stream.len()).step_by(step) {
            let halves = [stream.slice(..at), stream.slice(at..)];
            assert_eq!(read(&halves), (whole.clone(), Ok(())), "{name} split at {at}");
        }
    }
}

#[test]
fn a_stream_that_stops_is_an_answer_or_an_error_but_never_silence() {
    for (name, stream) in streams() {
        let reason = stream.windows(16).position(|part| part == b"\"finish_reason\":".as_slice()).unwrap();
        let step = (stream.len() / 500).max(1);
        for at in (0..stream.len()).step_by(step) {
            let (deltas, end) = read(&[stream.slice(..at)]);
            assert!(end.is_err() || ends(&deltas).len() == 1, "{name} stopped at {at}");
            assert!(end.is_err() || at > reason, "{name} cannot be over at {at}");
        }
    }
}

#[test]
fn streams_report_what_was_recorded() {
    for (name, stream) in streams() {
        insta::assert_snapshot!(name, shown(&read(&[stream]).0));
    }
}

#[test]
fn whole_answers_report_what_was_recorded() {
    for (name, body) in answers() {
        let deltas = read_whole(&body).unwrap();
        assert_eq!(ends(&deltas).len(), 1, "{name}");
        insta::assert_snapshot!(name, shown(&deltas));
    }
}

/// Every recorded answer told again as a stream gives the same items, tokens and end.
#[test]
fn c3_an_answer_is_the_same_whole_and_streamed() {
    for (name, body) in answers() {
        let whole = read_whole(&body).unwrap();
        let mut streamed = body.clone();
        for choice in streamed["choices"].as_array_mut().into_iter().flatten() {
            let message = choice.as_object_mut().unwrap().remove("message").unwrap_or_default();
            choice["delta"] = message;
            for (at, call) in choice["delta"]["tool_calls"].as_array_mut().into_iter().flatten().enumerate() {
                call["index"] = at.into();
            }
        }
        let (streamed, end) = read_chunks(&[streamed]);
        assert_eq!(end, Ok(()), "{name}");
        assert_eq!(items(&streamed), items(&whole), "{name}");
        assert_eq!(usage(&streamed), usage(&whole), "{name}");
        assert_eq!(ends(&streamed), ends(&whole), "{name}");
        let begun = |deltas: &[Delta]| deltas.iter().find(|delta| matches!(delta, Delta::Begin(_))).cloned();
        assert_eq!(begun(&streamed), begun(&whole), "{name}");
    }
}
