//! Counters of input tokens, as strict about their bodies as the providers' own.

use serde_json::{Value, json};

use super::http::Request;
use super::play::Reply;

/// Fields that each counter takes, and whether its body stands in another object.
struct Counter {
    /// How its paths end.
    path: &'static str,
    /// What may be in the body.
    fields: &'static str,
    /// What has to be.
    needed: &'static str,
}

const COUNTERS: &[Counter] = &[
    Counter {
        path: "v1/responses/input_tokens",
        fields: "model input instructions tools tool_choice parallel_tool_calls reasoning text truncation conversation previous_response_id",
        needed: "model input",
    },
    Counter {
        path: "/v1/messages/count_tokens",
        fields: "model messages system tools tool_choice thinking output_config",
        needed: "model messages",
    },
];

/// The answer, if the path is a counter's: 40 tokens, and one for each message or item.
pub(super) fn reply(request: &Request) -> Option<Reply> {
    let path = request.path.trim_end_matches('/');
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    if path.ends_with(":countTokens") {
        return Some(gemini(path, &body));
    }
    let counter = COUNTERS.iter().find(|counter| path.ends_with(counter.path))?;
    if let Some(wrong) = wrong(&body, counter.fields, counter.needed) {
        return Some(refused(&wrong));
    }
    let list = if body["messages"].is_array() { &body["messages"] } else { &body["input"] };
    Some(Reply::json(200, &json!({"object": "response.input_tokens", "input_tokens": 40 + count(list)})))
}

fn gemini(path: &str, body: &Value) -> Reply {
    let input = if path.starts_with("/vertex/") {
        body
    } else {
        let model = path.rsplit('/').next().unwrap_or_default().trim_end_matches(":countTokens");
        if body["generateContentRequest"]["model"] != format!("models/{model}") {
            return refused("generateContentRequest.model is not that of the path");
        }
        &body["generateContentRequest"]
    };
    match wrong(input, "model contents systemInstruction tools toolConfig generationConfig", "contents") {
        Some(wrong) => refused(&wrong),
        None => Reply::json(200, &json!({"totalTokens": 40 + count(&input["contents"])})),
    }
}

fn count(list: &Value) -> usize {
    list.as_array().map_or(1, Vec::len)
}

fn wrong(body: &Value, fields: &str, needed: &str) -> Option<String> {
    let Some(body) = body.as_object() else { return Some("the body is no object".to_owned()) };
    let known: Vec<&str> = fields.split(' ').collect();
    let unknown = body.keys().find(|key| !known.contains(&key.as_str()));
    let missing = needed.split(' ').find(|key| !body.contains_key(*key));
    unknown
        .map(|key| format!("unknown field {key}"))
        .or_else(|| missing.map(|key| format!("{key} is missing")))
}

fn refused(message: &str) -> Reply {
    Reply::json(400, &json!({"error": {"message": message, "type": "invalid_request_error", "code": 400}}))
}
