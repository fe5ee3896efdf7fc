//! Every recorded answer, whole and cut: the same deltas however the bytes come, and never silence.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use lattice_model::{
    Delta, End, FunctionTool, Include, Item, Message, Part, Piece, ReasoningSettings, Role, SummaryDetail,
    Text, Tool, Turn,
};
use lattice_providers::{Provider, Settings, build};
use serde_json::Value;

fn turn() -> Turn {
    let content = vec![Part::InputText { text: Text::new("hi"), extra: Vec::new() }];
    let message =
        Message { id: None, role: Role::User, phase: None, status: None, content, extra: Vec::new() };
    let function = FunctionTool {
        name: "f".into(),
        description: None,
        parameters: None,
        strict: None,
        extra: Vec::new(),
    };
    Turn {
        tools: vec![Tool::Function(function)],
        reasoning: Some(ReasoningSettings {
            effort: None,
            summary: Some(SummaryDetail::Auto),
            extra: Vec::new(),
        }),
        format: lattice_model::Format::Text,
        include: Include { encrypted_reasoning: true, ..Include::default() },
        stream: true,
        ..Turn::new(
            "resp_00112233445566778899aabbccddeeff".into(),
            1,
            "m".into(),
            vec![Item::Message(message)],
        )
    }
}

/// The provider that made a recording.
fn provider(folder: &str, scenario: &str) -> Box<dyn Provider> {
    let chat = ("api", "chat_completions");
    let (of_type, more): (&str, &[(&str, &str)]) = match folder {
        "anthropic" => ("anthropic", &[]),
        "azure-anthropic" => ("azureanthropic", &[("endpoint", "https://r.example/anthropic")]),
        "azure-openai" if scenario.starts_with("chat_") => {
            ("azureopenai", &[("endpoint", "https://r.example"), chat])
        }
        "azure-openai" => ("azureopenai", &[("endpoint", "https://r.example")]),
        "openai-chat" => ("openai", &[chat]),
        "openai-responses" => ("openai", &[]),
        "gemini" => ("google", &[]),
        "vertex" => ("vertexai", &[]),
        other => panic!("no provider for {other}"),
    };
    let settings = Settings::with("test", of_type, &[&[("api_key", "key")], more].concat()).unwrap();
    build(&settings).unwrap()
}

struct Recording {
    name: String,
    folder: String,
    response: Value,
}

impl Recording {
    fn provider(&self) -> Box<dyn Provider> {
        provider(&self.folder, self.name.rsplit('/').next().unwrap())
    }

    fn stream(&self) -> Option<Bytes> {
        Some(Bytes::from(self.response.get("sse")?.as_str()?.to_owned()))
    }
}

fn recordings() -> Vec<Recording> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut folders: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let mut all = Vec::new();
    for folder in folders {
        let mut files: Vec<PathBuf> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "json"))
        {
            let folder = folder.file_name().unwrap().to_string_lossy().into_owned();
            let name = format!("{folder}/{}", file.file_stem().unwrap().to_string_lossy());
            let recording: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
            all.push(Recording { name, folder, response: recording["response"].clone() });
        }
    }
    assert!(all.len() > 100);
    all
}

/// The deltas of a stream that comes in these chunks; an error where it is one.
fn decode(
    provider: &dyn Provider,
    turn: &Turn,
    chunks: &[Bytes],
) -> Result<Vec<Delta>, (Vec<Delta>, String)> {
    let mut decoder = provider.decoder(turn);
    let mut deltas = Vec::new();
    for chunk in chunks {
        if let Err(error) = decoder.feed(chunk.clone(), &mut deltas) {
            return Err((deltas, error.to_string()));
        }
    }
    match decoder.finish(&mut deltas) {
        Ok(()) => Ok(deltas),
        Err(error) => Err((deltas, error.to_string())),
    }
}

fn has_end(deltas: &[Delta]) -> bool {
    deltas.iter().filter(|delta| matches!(delta, Delta::End(_))).count() == 1
}

#[test]
fn streams_decode_the_same_however_they_are_cut() {
    let turn = turn();
    for recording in recordings() {
        let (provider, Some(stream)) = (recording.provider(), recording.stream()) else { continue };
        let name = &recording.name;
        let truncated = name.ends_with("truncated_connection");
        let whole = match decode(provider.as_ref(), &turn, std::slice::from_ref(&stream)) {
            Ok(deltas) => deltas,
            Err((deltas, _)) if truncated => deltas,
            Err((_, error)) => panic!("{name}: {error}"),
        };
        assert_eq!(has_end(&whole), !truncated, "{name} has exactly one end");
        let bytewise: Vec<Bytes> = (0..stream.len()).map(|at| stream.slice(at..=at)).collect();
        let bytewise = decode(provider.as_ref(), &turn, &bytewise).unwrap_or_else(|(deltas, _)| deltas);
        assert_eq!(whole, bytewise, "{name}, byte by byte");
        // Every split of the smaller ones, a sample of the others.
        let step = (stream.len() / 2000).max(1);
        for at in (0..stream.len()).step_by(step) {
            let halves = [stream.slice(..at), stream.slice(at..)];
            let halves = decode(provider.as_ref(), &turn, &halves).unwrap_or_else(|(deltas, _)| deltas);
            assert_eq!(whole, halves, "{name}, split at {at}");
        }
    }
}

/// Deltas are slices of the chunks that they came in. A decoder that keeps such slices keeps the chunks, whole.
#[test]
fn c13_a_decoder_keeps_no_chunk_alive_that_it_is_through_with() {
    let turn = turn();
    for recording in recordings() {
        let (provider, Some(stream)) = (recording.provider(), recording.stream()) else { continue };
        let mut decoder = provider.decoder(&turn);
        let mut deltas = Vec::new();
        let mut chunks = Vec::new();
        for line in stream.split_inclusive(|byte| *byte == b'\n') {
            let chunk = Bytes::from(line.to_vec());
            chunks.push(chunk.clone());
            if decoder.feed(chunk, &mut deltas).is_err() {
                break;
            }
            deltas.clear();
        }
        let held = chunks.iter().filter(|chunk| !chunk.is_empty() && !chunk.is_unique()).count();
        // The last one, and one that holds a signature for later.
        assert!(held <= 2, "{} holds {held} of {} chunks", recording.name, chunks.len());
    }
}

#[test]
fn a_stream_that_is_cut_anywhere_ends_or_fails_but_is_never_silent() {
    let turn = turn();
    for recording in recordings() {
        let (provider, Some(stream)) = (recording.provider(), recording.stream()) else { continue };
        let step = (stream.len() / 1000).max(1);
        for at in (0..stream.len()).step_by(step) {
            if let Ok(deltas) = decode(provider.as_ref(), &turn, &[stream.slice(..at)]) {
                assert!(has_end(&deltas), "{} cut at {at} of {}", recording.name, stream.len());
            }
        }
    }
}

#[test]
fn whole_answers_decode() {
    let turn = turn();
    for recording in recordings() {
        let name = &recording.name;
        let status = recording.response["status"].as_u64().unwrap();
        // Two of Vertex come from its gRPC form: their enums are numbers, which the HTTP API does not send.
        let is_other_api = ["count_tokens", "vertex/tool_call_parallel", "vertex/tool_result"];
        let is_stream = recording.response.get("sse").is_some();
        if status != 200 || is_stream || is_other_api.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let body = Bytes::from(recording.response["body"].to_string());
        let mut deltas = Vec::new();
        recording
            .provider()
            .decode(&turn, &body.into(), &mut deltas)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(has_end(&deltas), "{name}");
        if let Some(Delta::End(End::Failed(failure))) = deltas.last() {
            assert_eq!(
                (name.as_str(), failure.code()),
                ("azure-openai/chat_prompt_filtered", "content_filter")
            );
            continue;
        }
        // A prompt that was blocked cost nothing.
        let is_blocked = name == "vertex/model_armor_prompt_blocked";
        assert!(
            is_blocked || deltas.iter().any(|delta| matches!(delta, Delta::Usage(_))),
            "{name} has usage"
        );
        // An answer with nothing in it was stopped, and says so.
        let items = deltas
            .iter()
            .any(|delta| matches!(delta, Delta::Whole(_) | Delta::Piece { piece: Piece::Open(_), .. }));
        assert!(
            items || deltas.iter().any(|delta| matches!(delta, Delta::End(End::Incomplete(_)))),
            "{name} has items"
        );
    }
}

#[test]
fn c5_errors_keep_their_meaning() {
    use lattice_model::FaultKind::{
        ContextLength, Credentials, InvalidRequest, ModelNotFound, Quota, RateLimited,
    };
    let mut seen = 0;
    for recording in recordings() {
        let status = u16::try_from(recording.response["status"].as_u64().unwrap()).unwrap();
        if status == 200 {
            continue;
        }
        seen += 1;
        let mut headers = HeaderMap::new();
        for (name, value) in recording.response["headers"].as_object().into_iter().flatten() {
            if let (Ok(name), Some(value)) = (HeaderName::try_from(name), value.as_str()) {
                headers.insert(name, HeaderValue::from_str(value).unwrap());
            }
        }
        let fault =
            recording.provider().fault(status, &headers, recording.response["body"].to_string().as_bytes());
        let name = &recording.name;
        let expected = match status {
            401 => Credentials,
            404 => ModelNotFound,
            429 if name.contains("quota") => Quota,
            429 => RateLimited,
            _ if name.contains("context_length") => ContextLength,
            _ => InvalidRequest,
        };
        assert_eq!(fault.kind, expected, "{name}");
        assert!(!fault.detail.is_empty() && fault.said.is_some(), "{name}");
        if name.ends_with("retry_info") || name.ends_with("retry_after") {
            assert!(fault.after.is_some(), "{name}");
        }
    }
    assert!(seen >= 10);
}
