//! The scripted provider itself: each wire answers, is strict, and fails as told.

#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use lattice_testkit::client::{self, Received};
use lattice_testkit::gateway::eventually;
use lattice_testkit::invariants;
use lattice_testkit::upstream::ScriptedProvider;
use serde_json::{Value, json};

/// Path, headers, and a body with a text, for a model and a way of answering.
fn ask(upstream: &ScriptedProvider, wire: &str, model: &str, stream: bool) -> Received {
    let say = |text: &str| json!([{"role": "user", "content": text}]);
    let (path, key, body): (String, (&str, &str), Value) = match wire {
        "openai" => (
            "/openai/v1/responses".to_owned(),
            ("authorization", "Bearer k"),
            json!({"model": model, "input": "hello", "stream": stream}),
        ),
        "chat" => (
            "/compat/v1/chat/completions".to_owned(),
            ("authorization", "Bearer k"),
            json!({"model": model, "messages": say("hello"), "stream": stream}),
        ),
        "anthropic" => (
            "/anthropic/v1/messages".to_owned(),
            ("x-api-key", "k"),
            json!({"model": model, "max_tokens": 9, "messages": say("hello"), "stream": stream}),
        ),
        _ => {
            let method = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
            let path = format!("/gemini/v1beta/models/{model}:{method}");
            (
                path,
                ("x-goog-api-key", "k"),
                json!({"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}),
            )
        }
    };
    let headers = [("anthropic-version", "2023-06-01"), key];
    client::send(upstream.address(), "POST", &path, &headers, body.to_string().as_bytes()).unwrap()
}

const WIRES: [&str; 4] = ["openai", "chat", "anthropic", "gemini"];

#[test]
fn every_wire_answers_whole_and_streamed() {
    let upstream = ScriptedProvider::start().unwrap();
    for wire in WIRES {
        let whole = ask(&upstream, wire, "script-text", false);
        assert!(whole.status == 200 && whole.text().contains("you said: hello"), "{wire}: {}", whole.text());
        let stream = ask(&upstream, wire, "script-text", true);
        assert!(stream.status == 200 && stream.whole, "{wire}: {}", stream.text());
        assert_eq!(stream.header("content-type"), Some("text/event-stream; charset=utf-8"));
    }
    assert_eq!(upstream.counts().refused, 0);
}

#[test]
fn the_openai_stream_keeps_the_rules_of_a_stream() {
    let upstream = ScriptedProvider::start().unwrap();
    for script in ["script-text", "script-reasoning", "script-refusal"] {
        let stream = ask(&upstream, "openai", script, true);
        let found = invariants::check(&(stream.text() + "data: [DONE]\n\n"));
        assert!(found.is_empty(), "{script}: {found:#?}\n{}", stream.text());
    }
}

#[test]
fn every_wire_is_strict() {
    let upstream = ScriptedProvider::start().unwrap();
    let send = |path: &str, headers: &[(&str, &str)], body: Value| {
        client::send(upstream.address(), "POST", path, headers, body.to_string().as_bytes()).unwrap()
    };
    let bearer = ("authorization", "Bearer k");
    let claude = [("x-api-key", "k"), ("anthropic-version", "2023-06-01")];
    let user = json!([{"role": "user", "content": "x"}]);
    let refused = [
        send("/openai/v1/responses", &[], json!({"model": "m", "input": "x"})),
        send("/openai/v1/responses", &[bearer], json!({"model": "m", "input": "x", "invented": 1})),
        send("/openai/v1/responses", &[bearer], json!({"model": "m", "input": "x", "text": null})),
        send(
            "/openai/v1/responses",
            &[bearer],
            json!({"model": "m", "input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]}),
        ),
        send(
            "/compat/v1/chat/completions",
            &[bearer],
            json!({"model": "m", "messages": user, "stream_options": {}}),
        ),
        send("/anthropic/v1/messages", &claude, json!({"model": "m", "messages": user})),
        send(
            "/anthropic/v1/messages",
            &claude,
            json!({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": ""}]}),
        ),
        send(
            "/gemini/v1beta/models/m:streamGenerateContent",
            &[("x-goog-api-key", "k")],
            json!({"contents": []}),
        ),
    ];
    for answer in &refused {
        assert!(matches!(answer.status, 400 | 401), "{}", answer.text());
        assert!(answer.json()["error"]["message"].is_string(), "{}", answer.text());
    }
    assert_eq!(upstream.counts().refused, refused.len() as u64);
}

#[test]
fn faults_come_as_asked_for() {
    let upstream = ScriptedProvider::start().unwrap();
    for wire in WIRES {
        let limited = ask(&upstream, wire, "fault-429", false);
        assert_eq!((limited.status, limited.header("retry-after")), (429, Some("7")), "{wire}");
        let (first, second) =
            (ask(&upstream, wire, "fault-429-once", true), ask(&upstream, wire, "fault-429-once", true));
        assert_eq!((first.status, second.status), (429, 200), "{wire}");
        assert!(!ask(&upstream, wire, "fault-cut-3", true).whole, "{wire}");
        assert!(!ask(&upstream, wire, "fault-cut-3", false).whole, "{wire}");
    }
}

#[test]
fn a_client_that_goes_is_counted() {
    let upstream = ScriptedProvider::start().unwrap();
    let body = json!({"model": "forever-paced", "input": "x", "stream": true}).to_string();
    let headers = [("authorization", "Bearer k")];
    let mut open =
        client::open(upstream.address(), "POST", "/openai/v1/responses", &headers, body.as_bytes()).unwrap();
    assert!(open.read_until("output_text.delta").unwrap());
    drop(open);
    let counts = eventually(|| Some(upstream.counts()).filter(|counts| counts.open == 0));
    assert_eq!(counts.map(|counts| counts.aborted), Some(1));
}
