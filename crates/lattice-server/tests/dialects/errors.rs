//! What errors of providers mean to the client (C5): the same by JSON and by stream, with a status that fits, and with nothing in the
//! message that is the operator's. Inputs are bodies that providers and servers were reported to send.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::stage::{Outcome, Script, ask, question};

/// The cases of `fixtures/errors.json`: who sends it, its status and body; what the client is told, and a word that must not be.
fn cases() -> Vec<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/errors.json");
    let cases: Vec<Value> = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert!(cases.len() > 50);
    cases
}

fn told(outcome: &Outcome, what: &str) -> Value {
    let error = outcome.json()["error"].clone();
    assert!(error["message"].is_string() && error["type"].is_string(), "{what}: {}", outcome.body);
    error
}

#[test]
fn c5_errors_mean_the_same_to_everybody() {
    let mut wrong = Vec::new();
    for case in cases() {
        let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
        // A string is a body that is no JSON.
        let text = case["body"].as_str().map_or_else(|| case["body"].to_string(), str::to_owned);
        for stream in [false, true] {
            let script = Script { status, chunks: vec![Bytes::from(text.clone())], json: true };
            let outcome = ask(case["from"].as_str().unwrap(), &question(stream), script);
            let error = told(&outcome, &text);
            let hidden = case["hidden"].as_str().is_some_and(|word| outcome.body.contains(word));
            let told = json!({"status": outcome.status, "code": error["code"]});
            if told != case["told"] || hidden {
                wrong.push(format!("{case}\n  -> {told} {error} (stream: {stream})"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn c5_a_bare_error_in_a_stream_keeps_its_cause() {
    let chunk =
        json!({"id": "c", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hel"}}]});
    let bare = json!({"error": {"message": "slow down", "code": 429}});
    let pretty = serde_json::to_string_pretty(&bare).unwrap();
    for error in
        [bare.to_string(), format!("{bare}\n\n"), pretty, format!("data: {bare}\n\ndata: [DONE]\n\n")]
    {
        let stream = format!("data: {chunk}\n\n{error}");
        for cut in [stream.len() / 2, stream.len() - 3] {
            let chunks = vec![Bytes::from(stream[..cut].to_owned()), Bytes::from(stream[cut..].to_owned())];
            let outcome = ask("openai_compatible", &question(true), Script::ok(chunks));
            let response = lattice_testkit::invariants::last_response(&outcome.body).unwrap();
            assert_eq!(response["error"]["code"], "rate_limit_exceeded", "{error}: {}", outcome.body);
            assert_eq!(response["output"][0]["content"][0]["text"], "Hel", "{error}");
        }
    }
    // With nothing before it, it is an error with a status.
    let outcome = ask("openai_compatible", &question(true), Script::ok(vec![Bytes::from(bare.to_string())]));
    assert_eq!(outcome.status, 429, "{}", outcome.body);
}

#[test]
fn c5_an_error_as_the_first_event_is_an_error_with_a_status() {
    let events = [
        (
            "anthropic",
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
            503,
        ),
        (
            "openai",
            "data: {\"type\":\"error\",\"code\":\"rate_limit_exceeded\",\"message\":\"slow\",\"param\":null}\n\n",
            429,
        ),
        (
            "openai",
            "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"output\":[]}}\n\n\
                    data: {\"type\":\"response.failed\",\"response\":{\"id\":\"r\",\"status\":\"failed\",\"output\":[],\"error\":{\"code\":\"server_error\",\"message\":\"boom\"}}}\n\n",
            502,
        ),
        (
            "google",
            "data: {\"error\":{\"code\":503,\"message\":\"no room\",\"status\":\"UNAVAILABLE\"}}\n\n",
            503,
        ),
    ];
    for (kind, stream, status) in events {
        let outcome = ask(kind, &question(true), Script::ok(vec![Bytes::from(stream)]));
        assert_eq!(outcome.status, status, "{kind}: {}", outcome.body);
    }
}

#[test]
fn a10_the_gateways_own_key_is_in_no_message() {
    let said = format!("the key {} cannot do this", crate::stage::KEY);
    // Vertex AI has a token here and no key; the transport adds it.
    for kind in crate::stage::KINDS.into_iter().filter(|kind| *kind != "vertexai") {
        for status in [400, 404, 413, 422, 429, 500] {
            let body = json!({"error": {"message": said, "type": "x", "code": crate::stage::KEY, "param": crate::stage::KEY}});
            let script = Script { status, chunks: vec![Bytes::from(body.to_string())], json: true };
            let outcome = ask(kind, &question(false), script);
            assert!(!outcome.body.contains(crate::stage::KEY), "{kind} {status}: {}", outcome.body);
        }
    }
}
