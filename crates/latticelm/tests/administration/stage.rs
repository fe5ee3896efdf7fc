//! The gateway with an operator's key, and ways to ask it.

use lattice_testkit::client::{self, Received};
use lattice_testkit::stage::Stage;
use serde_json::{Value, json};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

/// The operator's key of the file.
pub(crate) const OPERATOR: &str = "the-words-of-the-operator";

pub(crate) const KEYS: &str =
    "auth: {keys: [{name: root, key: the-words-of-the-operator, role: operator}]}\n";

pub(crate) fn stage() -> Stage {
    Stage::start(PROGRAM, KEYS).unwrap()
}

pub(crate) fn send(stage: &Stage, key: &str, method: &str, path: &str, body: &Value) -> Received {
    send_with(stage, key, method, path, body, &[])
}

pub(crate) fn send_with(
    stage: &Stage,
    key: &str,
    method: &str,
    path: &str,
    body: &Value,
    more: &[(&str, &str)],
) -> Received {
    let bearer = format!("Bearer {key}");
    let mut headers = vec![("content-type", "application/json"), ("authorization", bearer.as_str())];
    headers.extend(more);
    let text = if body.is_null() { String::new() } else { body.to_string() };
    client::send(stage.address(), method, path, &headers, text.as_bytes()).unwrap()
}

/// Makes something that is right.
pub(crate) fn make(stage: &Stage, key: &str, path: &str, body: &Value) -> Value {
    let made = send(stage, key, "POST", path, body);
    assert_eq!(made.status, 201, "{path} {body}: {}", made.text());
    made.json()
}

/// A new key's text.
pub(crate) fn key(stage: &Stage, by: &str, body: &Value) -> String {
    make(stage, by, "/api/v1/keys", body)["key"].as_str().unwrap().to_owned()
}

pub(crate) fn refused(answer: &Received) -> (u16, String, Value) {
    let error = answer.json()["error"].clone();
    (answer.status, error["code"].as_str().unwrap_or_default().to_owned(), error["param"].clone())
}

pub(crate) fn ask(stage: &Stage, key: &str) -> Received {
    send(stage, key, "POST", "/v1/responses", &json!({"model": "openai.script-text", "input": "x"}))
}
