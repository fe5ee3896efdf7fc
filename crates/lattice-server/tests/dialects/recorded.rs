//! Every recorded answer becomes a response, or a stream, that keeps the standard and says what the provider said.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use lattice_providers::Provider;
use lattice_testkit::{conformance, invariants};
use serde_json::Value;

use crate::stage::{Script, ask_model, provider, question};

/// A recorded exchange.
pub(crate) struct Recording {
    pub(crate) folder: String,
    pub(crate) name: String,
    pub(crate) response: Value,
}

impl Recording {
    pub(crate) fn provider(&self) -> Box<dyn Provider> {
        let is_chat = self.name.starts_with("chat_");
        provider(match self.folder.as_str() {
            "anthropic" => "anthropic",
            "azure-anthropic" => "azureanthropic",
            "azure-openai" if is_chat => "azureopenai_chat",
            "azure-openai" => "azureopenai",
            "openai-chat" => "openai_chat",
            "openai-responses" => "openai",
            "gemini" => "google",
            "vertex" => "vertexai",
            other => panic!("no provider for {other}"),
        })
    }

    /// A model that the codec takes.
    pub(crate) fn model(&self) -> &'static str {
        match self.folder.as_str() {
            "anthropic" | "azure-anthropic" => "claude-sonnet-4-5",
            "gemini" | "vertex" => "gemini-3-pro-preview",
            _ => "gpt-5",
        }
    }

    /// The answer's body: a stream, or JSON; `None` for answers of other APIs.
    pub(crate) fn body(&self) -> Option<(bool, Bytes)> {
        // Two of Vertex come from its gRPC form: their enums are numbers, which the HTTP API does not send.
        let other = [("vertex", "tool_call_parallel"), ("vertex", "tool_result")];
        if self.name == "count_tokens" || other.contains(&(self.folder.as_str(), self.name.as_str())) {
            return None;
        }
        match self.response["sse"].as_str() {
            Some(stream) => Some((true, Bytes::from(stream.to_owned()))),
            None => Some((false, Bytes::from(self.response["body"].to_string()))),
        }
    }

    pub(crate) fn status(&self) -> u16 {
        u16::try_from(self.response["status"].as_u64().unwrap()).unwrap()
    }
}

pub(crate) fn recordings() -> Vec<Recording> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lattice-providers/fixtures");
    let mut all = Vec::new();
    for folder in sorted(&root) {
        for file in
            sorted(&folder).into_iter().filter(|file| file.extension().is_some_and(|kind| kind == "json"))
        {
            let recording: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            all.push(Recording {
                folder: folder.file_name().unwrap().to_string_lossy().into_owned(),
                name: file.file_stem().unwrap().to_string_lossy().into_owned(),
                response: recording["response"].clone(),
            });
        }
    }
    assert!(all.len() > 100, "{}", all.len());
    all
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// The response's output, status and usage, and for a stream its events, in a few lines.
fn shown(response: &Value, stream: Option<&str>) -> String {
    let mut text = String::new();
    if let Some(stream) = stream {
        let events = invariants::events(stream);
        let mut kinds: Vec<(String, usize)> = Vec::new();
        for event in &events {
            let kind = event["type"].as_str().unwrap().trim_start_matches("response.").to_owned();
            match kinds.last_mut() {
                Some((last, count)) if *last == kind => *count += 1,
                _ => kinds.push((kind, 1)),
            }
        }
        let kinds: Vec<String> = kinds
            .iter()
            .map(|(kind, count)| if *count == 1 { kind.clone() } else { format!("{kind} x{count}") })
            .collect();
        writeln!(text, "  events: {}", kinds.join(", ")).unwrap();
    }
    for item in response["output"].as_array().unwrap() {
        let mut item = item.clone();
        // A call that its provider gave no id has one made of the response's, which is new each time.
        if let (Some(call_id), Some(stem)) = (item["call_id"].as_str(), response["id"].as_str()) {
            item["call_id"] = call_id.replace(stem.trim_start_matches("resp_"), "made-").into();
        }
        let fields = item.as_object_mut().unwrap();
        fields.remove("id");
        if let Some(sealed) = fields.get_mut("encrypted_content").filter(|sealed| sealed.is_string()) {
            *sealed = "sealed".into();
        }
        writeln!(text, "  item: {}", short(&item.to_string())).unwrap();
    }
    for field in ["status", "error", "incomplete_details", "usage", "service_tier"] {
        if !response[field].is_null() {
            writeln!(text, "  {field}: {}", short(&response[field].to_string())).unwrap();
        }
    }
    text
}

fn short(text: &str) -> String {
    if text.chars().count() <= 700 {
        text.to_owned()
    } else {
        text.chars().take(700).collect::<String>() + "..."
    }
}

#[test]
fn every_recorded_answer_becomes_one_of_the_standard() {
    let mut folders: Vec<(String, String)> = Vec::new();
    for recording in recordings() {
        let Some((is_stream, body)) = recording.body() else { continue };
        let script = Script { status: recording.status(), chunks: vec![body], json: false };
        let outcome = ask_model(recording.provider(), recording.model(), &question(is_stream), script);
        let name = format!("{}/{}", recording.folder, recording.name);
        let text = if outcome.status != 200 {
            let error = outcome.json();
            assert!(error["error"]["message"].is_string(), "{name}: {error}");
            format!("  {}: {error}\n", outcome.status)
        } else if is_stream {
            let broken = invariants::check(&outcome.body);
            assert!(broken.is_empty(), "{name}: {broken:#?}\n{}", outcome.body);
            for event in invariants::events(&outcome.body) {
                let wrong = conformance::without_extensions(&event).map(|event| conformance::event(&event));
                assert!(wrong.as_ref().is_none_or(Vec::is_empty), "{name}: {wrong:#?}\n{event}");
            }
            let response = invariants::last_response(&outcome.body).unwrap();
            shown(&response, Some(&outcome.body))
        } else {
            let response = outcome.json();
            let wrong = conformance::response(&conformance::without_extensions(&response).unwrap());
            assert!(wrong.is_empty(), "{name}: {wrong:#?}\n{response}");
            shown(&response, None)
        };
        match folders.last_mut() {
            Some((folder, all)) if *folder == recording.folder => {
                writeln!(all, "{}", recording.name).unwrap();
                *all += &text;
            }
            _ => folders.push((recording.folder.clone(), format!("{}\n{text}", recording.name))),
        }
    }
    for (folder, text) in folders {
        insta::assert_snapshot!(folder, text);
    }
}
