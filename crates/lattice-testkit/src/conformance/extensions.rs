//! What a provider of the client's own dialect adds to the standard, and the gateway passes on: hosted tools, their items,
//! events and annotations.

use serde_json::{Value, json};

const ITEMS: [&str; 4] = ["message", "function_call", "function_call_output", "reasoning"];

/// The event, or the response, without extensions; `None` if all of it is one.
pub fn without_extensions(value: &Value) -> Option<Value> {
    let mut value = value.clone();
    if value["object"] == "response" {
        strip_response(&mut value);
        return Some(value);
    }
    let kind = value["type"].as_str().unwrap_or_default();
    let of_own_kind = ["_call.", "_call_", "_call_arguments."].iter().any(|part| kind.contains(part))
        && !kind.starts_with("response.function_call_arguments.");
    if of_own_kind || (value["item"].is_object() && !is_one_of(&value["item"], &ITEMS)) {
        return None;
    }
    if kind == "response.output_text.annotation.added" && !is_one_of(&value["annotation"], &["url_citation"])
    {
        return None;
    }
    if value["response"].is_object() {
        strip_response(&mut value["response"]);
    }
    for holder in ["item", "part"] {
        if value[holder].is_object() {
            strip_annotations(&mut value[holder]);
        }
    }
    Some(value)
}

fn strip_response(response: &mut Value) {
    keep(&mut response["output"], &ITEMS);
    keep(&mut response["tools"], &["function"]);
    for item in response["output"].as_array_mut().into_iter().flatten() {
        strip_annotations(item);
    }
    if response["tool_choice"].is_object()
        && !is_one_of(&response["tool_choice"], &["function", "allowed_tools"])
    {
        response["tool_choice"] = json!("auto");
    }
}

fn strip_annotations(holder: &mut Value) {
    if holder["annotations"].is_array() {
        keep(&mut holder["annotations"], &["url_citation"]);
    }
    if let Some(parts) = holder.get_mut("content").and_then(Value::as_array_mut) {
        parts.iter_mut().for_each(strip_annotations);
    }
}

fn keep(values: &mut Value, kinds: &[&str]) {
    if let Some(values) = values.as_array_mut() {
        values.retain(|value| is_one_of(value, kinds));
    }
}

fn is_one_of(value: &Value, kinds: &[&str]) -> bool {
    value["type"].as_str().is_some_and(|kind| kinds.contains(&kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_standard_does_not_know_goes() {
        let delta = json!({"type": "response.output_text.delta", "delta": "a"});
        assert_eq!(without_extensions(&delta), Some(delta));
        let call = json!({"type": "response.function_call_arguments.delta", "delta": "a"});
        assert_eq!(without_extensions(&call), Some(call));
        assert_eq!(without_extensions(&json!({"type": "response.web_search_call.searching"})), None);
        let response =
            json!({"object": "response", "output": [{"type": "web_search_call"}, {"type": "message"}]});
        assert_eq!(without_extensions(&response).unwrap()["output"], json!([{"type": "message"}]));
    }
}
