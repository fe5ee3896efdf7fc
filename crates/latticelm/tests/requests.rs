//! What a client may send, what it is told when it sends something else, and the routes beside `/v1/responses`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends where it cannot go on")]

use std::collections::HashSet;

use async_compression::tokio::bufread::{GzipEncoder, ZstdEncoder};
use lattice_testkit::client::{self, Received};
use lattice_testkit::stage::{KINDS, Stage, text};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");
const MODEL: &str = "openai.script-text";

fn assert_envelope(answer: &Received, status: u16, kind: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let body = answer.json();
    let fields: Vec<_> = body["error"].as_object().unwrap().keys().map(String::as_str).collect();
    for field in ["message", "type", "code", "param"] {
        assert!(fields.contains(&field), "{field} is missing: {body}");
    }
    assert_eq!(body["error"]["type"], kind, "{body}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.header("x-request-id").is_some_and(|id| !id.is_empty()), "{:?}", answer.headers);
}

#[test]
fn e9_every_error_has_the_envelope() {
    let stage = Stage::start(PROGRAM, "server: {max_request_body_size: 100000}\n").unwrap();
    let json = ("content-type", "application/json");
    let send = |method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]| {
        client::send(stage.address(), method, path, headers, body).unwrap()
    };
    assert_envelope(&send("GET", "/nothing", &[], b""), 404, "not_found");
    assert_envelope(&send("GET", "/v1/models/nothing", &[], b""), 404, "not_found");
    assert_envelope(&send("DELETE", "/v1/models", &[], b""), 405, "invalid_request");
    assert_envelope(&send("PUT", "/v1/responses", &[json], b"{}"), 405, "invalid_request");
    assert_envelope(
        &send("POST", "/v1/responses", &[("content-type", "text/plain")], b"{}"),
        415,
        "invalid_request",
    );
    assert_envelope(
        &send("POST", "/v1/responses", &[json, ("content-encoding", "br")], b"{}"),
        415,
        "invalid_request",
    );
    assert_envelope(&send("POST", "/v1/responses", &[json], b"{\"model\": "), 400, "invalid_request");
    assert_envelope(&send("POST", "/v1/responses", &[json], b""), 400, "invalid_request");
    assert_envelope(&send("POST", "/v1/responses", &[json], b"[]"), 400, "invalid_request");
    assert_envelope(
        &send("POST", "/v1/responses", &[json], b"{\"model\": \"\xff\"}"),
        400,
        "invalid_request",
    );
    let large = json!({"model": MODEL, "input": "x".repeat(200_000)}).to_string();
    assert_envelope(&send("POST", "/v1/responses", &[json], large.as_bytes()), 413, "invalid_request");
    let unknown = stage.ask(&json!({"model": "nothing", "input": "x"}));
    assert_envelope(&unknown, 404, "not_found");
    assert_eq!(unknown.json()["error"]["code"], "model_not_found");
    assert_eq!(unknown.json()["error"]["param"], "model");
}

#[test]
fn c9_what_is_wrong_is_named_by_its_path() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let user = |content: Value| json!([{"type": "message", "role": "user", "content": content}]);
    let table = [
        (json!({"input": "x"}), "model"),
        (json!({"model": 5, "input": "x"}), "model"),
        (json!({"model": MODEL, "input": 5}), "input"),
        (
            json!({"model": MODEL, "input": [{"type": "message", "role": "alien", "content": "x"}]}),
            "input[0].role",
        ),
        (json!({"model": MODEL, "input": user(json!([{"type": "input_text"}]))}), "input[0].content[0].text"),
        (
            json!({"model": "anthropic.script-text", "input": user(json!([{"type": "input_nothing"}]))}),
            "input[0].content[0]",
        ),
        (
            json!({"model": MODEL, "input": [{"type": "function_call_output", "output": "x"}]}),
            "input[0].call_id",
        ),
        (
            json!({"model": MODEL, "input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]}),
            "input[0].call_id",
        ),
        (json!({"model": MODEL, "input": "x", "temperature": 3}), "temperature"),
        (json!({"model": MODEL, "input": "x", "temperature": "hot"}), "temperature"),
        (json!({"model": MODEL, "input": "x", "top_p": -1}), "top_p"),
        (json!({"model": MODEL, "input": "x", "max_output_tokens": 0}), "max_output_tokens"),
        (json!({"model": MODEL, "input": "x", "stream": "yes"}), "stream"),
        (json!({"model": MODEL, "input": "x", "tools": [{"type": "function"}]}), "tools[0].name"),
        (json!({"model": MODEL, "input": "x", "tool_choice": "sometimes"}), "tool_choice"),
        (json!({"model": MODEL, "input": "x", "truncation": "perhaps"}), "truncation"),
        (json!({"model": MODEL, "input": "x", "metadata": {"a": 1}}), "metadata"),
        (json!({"model": MODEL, "input": "x", "text": {"format": {"type": "poem"}}}), "text.format.type"),
        (json!({"model": MODEL, "input": "x", "background": true}), "background"),
    ];
    let mut wrong = Vec::new();
    for (body, param) in &table {
        let answer = stage.ask(body);
        let said = answer.json()["error"]["param"].as_str().unwrap_or_default().to_owned();
        if answer.status != 400 || !said.starts_with(param) {
            wrong.push(format!("{body}: expected param {param}, got {} {}", answer.status, answer.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(stage.upstream.counts().requests, 0, "nothing of this may reach a provider");
}

#[test]
fn nulls_are_as_if_they_were_not_there() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    for kind in KINDS {
        let body = json!({"model": format!("{}.script-text", kind.name), "input": "x", "text": null, "temperature": null, "tools": null,
                          "reasoning": null, "metadata": null, "instructions": null, "max_output_tokens": null, "include": null,
                          "tool_choice": null, "previous_response_id": null, "stream": null, "truncation": null});
        let answer = stage.ask(&body);
        assert_eq!(answer.status, 200, "{}: {}", kind.name, answer.text());
    }
}

#[test]
fn a_request_id_comes_back_or_is_made() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let ask =
        |id: &str| client::send(stage.address(), "GET", "/health", &[("x-request-id", id)], b"").unwrap();
    assert_eq!(ask("trace-42").header("x-request-id"), Some("trace-42"));
    let foul = "x".repeat(5000);
    let made = ask(&foul);
    assert!(made.header("x-request-id").is_some_and(|id| id != foul && !id.is_empty()));
    let ids: HashSet<_> = (0..5)
        .map(|_| client::get(stage.address(), "/health").unwrap().header("x-request-id").map(str::to_owned))
        .collect();
    assert_eq!(ids.len(), 5);
}

#[test]
fn compressed_bodies_are_taken() {
    let stage = Stage::start(PROGRAM, "server: {max_request_body_size: 100000}\n").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let compress = |coding: &str, plain: Vec<u8>| {
        let mut packed = Vec::new();
        runtime.block_on(async {
            if coding == "gzip" {
                GzipEncoder::new(plain.as_slice()).read_to_end(&mut packed).await.unwrap();
            } else {
                ZstdEncoder::new(plain.as_slice()).read_to_end(&mut packed).await.unwrap();
            }
        });
        packed
    };
    for coding in ["gzip", "zstd"] {
        let headers = [("content-type", "application/json"), ("content-encoding", coding)];
        let plain = json!({"model": MODEL, "input": "packed"}).to_string().into_bytes();
        let packed = compress(coding, plain);
        let answer = client::send(stage.address(), "POST", "/v1/responses", &headers, &packed).unwrap();
        assert_eq!(answer.status, 200, "{coding}: {}", answer.text());
        assert!(text(&answer.json()).contains("packed"));
        let broken =
            client::send(stage.address(), "POST", "/v1/responses", &headers, b"this is not packed").unwrap();
        assert_envelope(&broken, 400, "invalid_request");
        // C13: small when packed, too large when not.
        let bomb = compress(
            coding,
            json!({"model": MODEL, "input": "x".repeat(5_000_000)}).to_string().into_bytes(),
        );
        assert!(bomb.len() < 100_000);
        let answer = client::send(stage.address(), "POST", "/v1/responses", &headers, &bomb).unwrap();
        assert_envelope(&answer, 413, "invalid_request");
    }
}

#[test]
fn models_are_listed_as_clients_read_them() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let list = client::get(stage.address(), "/v1/models").unwrap().json();
    assert_eq!(list["object"], "list");
    let names: HashSet<_> =
        list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert!(names.contains(MODEL) && names.contains("vertex.script-text"));
    let one = client::get(stage.address(), &format!("/v1/models/{MODEL}")).unwrap();
    assert_eq!(one.status, 200);
    let one = one.json();
    assert_eq!(
        (&one["id"], &one["object"], &one["provider"]),
        (&json!(MODEL), &json!("model"), &json!("openai"))
    );
    assert!(one["created"].is_u64() && one["owned_by"].is_string());
}

#[test]
fn health_and_readiness_answer() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    for path in ["/health", "/ready", "/openapi.json", "/docs"] {
        let answer = client::get(stage.address(), path).unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(answer.header("x-request-id").is_some(), "{path}");
    }
}
