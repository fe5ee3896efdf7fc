//! One set of requests of the standard, and what each provider gets for them: the whole request, or a refusal by name (C9).
//!
//! Where a snapshot says that a setting was refused, no request left the gateway.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use lattice_testkit::conformance;
use lattice_testkit::upstream::{Speech, speak};
use serde_json::Value;

use crate::stage::{KINDS, Outcome, Script, ask};

/// Extensions that the standard's schema does not know.
const EXTENSIONS: [&str; 5] = ["hosted_tool", "json_object", "shorthands", "unknown_field", "video"];

pub(crate) fn answer(kind: &str, is_stream: bool) -> Script {
    let wire = match kind {
        "anthropic" | "azureanthropic" => "anthropic",
        "google" | "vertexai" => "gemini",
        kind if kind.ends_with("_chat") || kind == "openai_compatible" => "chat",
        _ => "openai",
    };
    let (whole, frames) = speak(wire, &Speech { text: "ok".into(), ..Speech::default() });
    Script::ok(vec![Bytes::from(if is_stream { frames.concat() } else { whole.to_string() })])
}

#[test]
fn each_provider_gets_what_it_takes_and_the_rest_is_refused_by_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/requests");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 30);
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let body: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let wrong = conformance::request(&body);
        assert!(wrong.is_empty() || EXTENSIONS.contains(&name.as_str()), "{name}: {wrong:#?}");
        let mut text = String::new();
        for kind in KINDS {
            let outcome = ask(kind, &body, answer(kind, body["stream"] == true));
            text += &shown(kind, &outcome);
        }
        insta::assert_snapshot!(name, text);
    }
}

/// What the provider got, or what the client was told instead.
fn shown(kind: &str, outcome: &Outcome) -> String {
    let mut text = String::new();
    let Some(sent) = &outcome.sent else {
        let error = &outcome.json()["error"];
        let (param, message) = (error["param"].as_str(), error["message"].as_str());
        let param = param.unwrap_or_else(|| panic!("to {kind}: {}", outcome.body));
        writeln!(text, "{kind}: {} {param}: {}", outcome.status, message.unwrap()).unwrap();
        return text;
    };
    assert_eq!(outcome.status, 200, "to {kind}: {}", outcome.body);
    writeln!(text, "{kind}: POST {}", sent.uri).unwrap();
    for name in ["anthropic-beta", "anthropic-version", "x-vertex-ai-llm-shared-request-type"] {
        if let Some(value) = sent.headers.get(name) {
            writeln!(text, "  {name}: {}", value.to_str().unwrap()).unwrap();
        }
    }
    for line in serde_json::to_string_pretty(&sent.body).unwrap().lines() {
        writeln!(text, "  {line}").unwrap();
    }
    text
}
