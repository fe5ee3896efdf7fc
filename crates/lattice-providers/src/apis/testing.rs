//! What the tests of all APIs share: turns and items made by hand, and deltas as text.

use bytes::Bytes;
use lattice_model::{
    Delta, Format, FunctionCall, FunctionCallOutput, FunctionTool, Image, Include, Item, Json, Message, Part,
    Role, Text, Tool, Turn,
};
use serde_json::{Value, json};

use crate::error::{DecodeError, EncodeError};
use crate::provider::{Exchange, Model, Provider};

/// A turn without input that wants a stream and encrypted reasoning.
pub(crate) fn turn() -> Turn {
    Turn {
        format: Format::Text,
        include: Include { encrypted_reasoning: true, ..Default::default() },
        stream: true,
        ..Turn::new("resp_0123456789abcdef0123456789abcdef".into(), 0, "m".into(), Vec::new())
    }
}

/// The recorded exchanges in a folder of the fixtures whose names are wanted, each as `FOLDER_NAME`.
pub(crate) fn recordings(folder: &str, wanted: impl Fn(&str) -> bool) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(format!("{}/fixtures/{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if wanted(&name) {
            let recording = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            found.push((format!("{folder}_{name}"), recording));
        }
    }
    found.sort_by(|a: &(String, Value), b| a.0.cmp(&b.0));
    found
}

/// Those of the recordings that are streams.
pub(crate) fn streams(recordings: Vec<(String, Value)>) -> Vec<(String, Bytes)> {
    let sse = |recording: &Value| Some(Bytes::from(recording["response"]["sse"].as_str()?.to_owned()));
    recordings.into_iter().filter_map(|(name, one)| Some((name, sse(&one)?))).collect()
}

/// The deltas of a stream that comes in these chunks, and how it ended.
pub(crate) fn read(
    provider: &dyn Provider,
    turn: &Turn,
    chunks: &[Bytes],
) -> (Vec<Delta>, Result<(), DecodeError>) {
    let mut decoder = provider.decoder(turn);
    let mut deltas = Vec::new();
    for chunk in chunks {
        if let Err(error) = decoder.feed(chunk.clone(), &mut deltas) {
            return (deltas, Err(error));
        }
    }
    let end = decoder.finish(&mut deltas);
    (deltas, end)
}

/// A line for each delta, cut where it gets long.
pub(crate) fn shown(deltas: &[Delta]) -> String {
    let mut shown = String::new();
    for delta in deltas {
        let line: String = format!("{delta:?}").chars().take(400).collect();
        shown.push_str(&line);
        shown.push('\n');
    }
    shown
}

pub(crate) fn message(role: Role, content: Vec<Part>) -> Item {
    let extra = Vec::new();
    Item::Message(Message { id: None, role, phase: None, status: None, content, extra })
}

pub(crate) fn text(text: &str) -> Part {
    Part::InputText { text: Text::new(text), extra: Vec::new() }
}

pub(crate) fn image(url: &str) -> Part {
    Part::Image(Image { url: Some(Text::new(url)), detail: None, extra: Vec::new() })
}

pub(crate) fn call(id: &str, name: &str, arguments: &str) -> Item {
    let (call_id, name) = (id.to_owned(), name.to_owned());
    let (arguments, extra) = (Text::new(arguments), Vec::new());
    Item::FunctionCall(FunctionCall { id: None, call_id, name, arguments, status: None, extra })
}

pub(crate) fn output(id: &str, output: Vec<Part>) -> Item {
    let call_id = id.to_owned();
    Item::FunctionCallOutput(FunctionCallOutput {
        id: None,
        call_id,
        output,
        status: None,
        extra: Vec::new(),
    })
}

pub(crate) fn tool(name: &str) -> Tool {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    Tool::Function(FunctionTool {
        name: name.to_owned(),
        description: Some(Text::new("d")),
        parameters: Some(Json::from_value(&schema)),
        strict: None,
        extra: Vec::new(),
    })
}

/// The call that a turn becomes: address and headers, and the body.
pub(crate) fn sent(
    provider: &dyn Provider,
    turn: &Turn,
    model: &str,
) -> Result<(String, Value), EncodeError> {
    let model = Model { id: model.to_owned(), ..Model::default() };
    let Exchange::Call(request) = provider.encode(turn, &model)? else { panic!("a call is needed") };
    let (parts, body) = request.into_parts();
    let body = serde_json::from_slice(&body.to_bytes()).unwrap();
    Ok((format!("{} {:?}", parts.uri, parts.headers), body))
}

/// The body of the call that counts, and its address.
pub(crate) fn counting(provider: &dyn Provider, turn: &Turn, model: &str) -> (String, Value) {
    let model = Model { id: model.to_owned(), ..Model::default() };
    let request = provider.encode_count(turn, &model).unwrap().unwrap();
    (request.uri().to_string(), serde_json::from_slice(&request.body().to_bytes()).unwrap())
}
