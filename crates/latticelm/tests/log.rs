//! The log as an operator reads it: one line for every request, refused ones included, with no secret and no prompt in it.

#![expect(clippy::panic, clippy::indexing_slicing, reason = "a test ends where it cannot go on")]

use lattice_testkit::client;
use lattice_testkit::gateway::eventually;
use lattice_testkit::stage::{KEY, KINDS, Stage, request};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

/// The lines of requests with this id, as JSON.
fn lines(stage: &Stage, id: &str) -> Vec<Value> {
    let logs = stage.gateway.logs();
    let lines = logs.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["message"] == "request" && line["request_id"] == id).collect()
}

fn one_line(stage: &Stage, id: &str) -> Value {
    let found = eventually(|| Some(lines(stage, id)).filter(|lines| !lines.is_empty()));
    let found = found.unwrap_or_else(|| panic!("no line for {id}: {}", stage.gateway.logs()));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

/// Method, path, one header and the body; then the status and how the request ended.
type Case<'a> = (&'a str, &'a str, (&'a str, &'a str), &'a str, u16, &'a str);

#[test]
fn every_request_leaves_one_line_with_the_clients_address() {
    let more = "logging: {format: json}\nserver: {max_request_body_size: 10000}\n";
    let stage = Stage::start(PROGRAM, more).unwrap();
    let json_type = ("content-type", "application/json");
    let good = json!({"model": "openai.script-text", "input": "x"}).to_string();
    let bad_field = json!({"model": "openai.script-text", "input": "x", "temperature": "warm"}).to_string();
    let no_model = json!({"model": "nothing", "input": "x"}).to_string();
    let large = json!({"model": "openai.script-text", "input": "x".repeat(20_000)}).to_string();
    let responses = "/v1/responses";
    let cases: &[Case<'_>] = &[
        ("POST", responses, json_type, &good, 200, "completed"),
        ("POST", responses, json_type, &bad_field, 400, "answered"),
        ("POST", responses, json_type, "{", 400, "answered"),
        ("POST", responses, json_type, &no_model, 404, "answered"),
        ("GET", "/nowhere", json_type, "", 404, "answered"),
        ("GET", "/v1/models/%ff", json_type, "", 400, "answered"),
        ("DELETE", responses, json_type, "", 405, "answered"),
        ("POST", responses, json_type, &large, 413, "answered"),
        ("POST", responses, ("content-type", "text/html"), &good, 415, "answered"),
        ("GET", "/v1/models", json_type, "", 200, "answered"),
    ];
    for (number, (method, path, kind, body, status, ending)) in cases.iter().enumerate() {
        let id = format!("case-{number}");
        let headers = [*kind, ("x-request-id", id.as_str())];
        let answer = client::send(stage.address(), method, path, &headers, body.as_bytes()).unwrap();
        assert_eq!(answer.status, *status, "{method} {path}: {}", answer.text());
        assert_eq!(answer.header("x-request-id"), Some(id.as_str()));
        if *status >= 400 {
            assert!(answer.json()["error"]["code"].is_string(), "{method} {path}: {}", answer.text());
        }
        let line = one_line(&stage, &id);
        assert_eq!(line["status"], *status, "{line}");
        assert_eq!(line["ending"], *ending, "{line}");
        assert_eq!(line["client"], "127.0.0.1", "{line}");
        assert_eq!((line["method"].as_str(), line["path"].as_str()), (Some(*method), Some(*path)), "{line}");
        assert!(line["total_ms"].is_u64(), "{line}");
        if *status >= 400 {
            assert_eq!(line["code"], answer.json()["error"]["code"], "{line}");
        }
    }
}

#[test]
fn a_stream_is_recorded_when_it_ends_and_a_cancelled_one_as_such() {
    let stage = Stage::start(PROGRAM, "logging: {format: json}\n").unwrap();
    for (model, ending) in [
        ("anthropic.script-text", "completed"),
        ("anthropic.script-length", "incomplete"),
        ("anthropic.fault-cut-3", "failed"),
    ] {
        let body = json!({"model": model, "input": "x", "stream": true}).to_string();
        let headers = [("content-type", "application/json"), ("x-request-id", model)];
        client::send(stage.address(), "POST", "/v1/responses", &headers, body.as_bytes()).unwrap();
        let line = one_line(&stage, model);
        assert_eq!(
            (&line["ending"], &line["model"], &line["provider"]),
            (&json!(ending), &json!(model), &json!("anthropic"))
        );
        assert!(line["first_event_ms"].is_u64() && line["response_id"].is_string(), "{line}");
    }
    let body = json!({"model": "anthropic.forever-paced", "input": "x", "stream": true}).to_string();
    let headers = [("content-type", "application/json"), ("x-request-id", "gone")];
    let mut open = client::open(stage.address(), "POST", "/v1/responses", &headers, body.as_bytes()).unwrap();
    assert!(open.read_until("response.output_text.delta").unwrap());
    drop(open);
    let line = one_line(&stage, "gone");
    assert_eq!(line["ending"], "cancelled");
    assert!(line["input_tokens"].is_u64(), "b4: what the provider told of its usage is not lost: {line}");
}

#[test]
fn a10_no_secret_and_no_prompt_is_in_the_log_or_in_a_message() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let prompt = "the prompt nobody else may read";
    for kind in KINDS {
        for script in [
            "fault-400",
            "fault-401",
            "fault-403",
            "fault-404",
            "fault-429",
            "fault-500",
            "fault-529",
            "fault-error-event",
            "fault-garbage",
            "script-text",
        ] {
            for stream in [false, true] {
                let mut body = request(kind, script);
                body["input"] = json!(prompt);
                body["stream"] = json!(stream);
                let answer = stage.ask(&body).text();
                for secret in [KEY, "ya29.scripted", "entra.scripted"] {
                    assert!(!answer.contains(secret), "{} {script}: {answer}", kind.name);
                }
            }
        }
    }
    let logs = stage.gateway.logs();
    for secret in [KEY, "ya29.scripted", "entra.scripted", "sk-secret", prompt] {
        assert!(
            !logs.contains(secret),
            "{secret} is in the log: {}",
            logs.lines().find(|line| line.contains(secret)).unwrap_or_default()
        );
    }
    let told = stage.upstream.requests().iter().any(|request| request.to_string().contains(prompt));
    assert!(told, "the provider was told the prompt, and repeats it in its errors");
}
