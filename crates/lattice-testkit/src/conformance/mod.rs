//! Whether a request, an answer or an event is what the standard's description says.

mod extensions;
mod quirks;
mod validate;

use std::sync::LazyLock;

use serde_json::Value;

pub use extensions::without_extensions;
use validate::Validator;

/// The standard's description, as it was published.
const OPENAPI: &str = include_str!("../../fixtures/open-responses-2026-04-24.json");

/// The names of the schemas of events end like this.
const EVENT: &str = "StreamingEvent";

static STANDARD: LazyLock<Value> = LazyLock::new(|| {
    let openapi = serde_json::from_str(OPENAPI).unwrap_or(Value::Null);
    quirks::patched(openapi)
});

/// What is wrong with the body of `POST /v1/responses`; nothing if the list is empty.
pub fn request(body: &Value) -> Vec<String> {
    by_name("CreateResponseBody", body)
}

/// What is wrong with a response object.
pub fn response(body: &Value) -> Vec<String> {
    by_name("ResponseResource", body)
}

/// What is wrong with one event of a stream. Types with a slug of their own (`latticelm:...`) are extensions that the
/// standard allows; they are not checked.
pub fn event(event: &Value) -> Vec<String> {
    let Some(kind) = event["type"].as_str() else { return vec!["the event has no type".to_owned()] };
    if kind.contains(':') {
        return Vec::new();
    }
    let schemas = STANDARD["components"]["schemas"].as_object();
    let named = schemas.into_iter().flatten().find(|(name, schema)| {
        name.ends_with(EVENT) && schema["properties"]["type"]["enum"][0].as_str() == Some(kind)
    });
    match named {
        Some((name, _)) => by_name(name, event),
        None => vec![format!("the standard has no event of type {kind}")],
    }
}

/// What is wrong with `value` by the schema called `name`.
pub fn by_name(name: &str, value: &Value) -> Vec<String> {
    let schema = &STANDARD["components"]["schemas"][name];
    if schema.is_null() {
        return vec![format!("the standard has no schema called {name}")];
    }
    Validator::new(&STANDARD).check(schema, value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_small_request_conforms() {
        assert_eq!(super::request(&json!({"model": "m", "input": "hi"})), Vec::<String>::new());
        let full = json!({
            "model": "m", "stream": true, "temperature": 0.5,
            "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
            "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
            "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
        });
        assert_eq!(super::request(&full), Vec::<String>::new());
    }

    #[test]
    fn a_wrong_type_is_named_by_its_path() {
        let wrong = super::request(&json!({"model": "m", "input": "hi", "temperature": "hot"}));
        assert!(wrong.iter().any(|wrong| wrong.contains("temperature")), "{wrong:?}");
    }

    #[test]
    fn an_event_is_checked_by_its_type() {
        let good = json!({"type": "response.output_text.delta", "sequence_number": 3, "item_id": "msg_1",
            "output_index": 0, "content_index": 0, "delta": "a", "logprobs": []});
        assert_eq!(super::event(&good), Vec::<String>::new());
        let lacking = json!({"type": "response.output_text.delta", "sequence_number": 3, "delta": "a"});
        assert!(!super::event(&lacking).is_empty());
        assert!(!super::event(&json!({"type": "response.output_text.invented"})).is_empty());
    }
}
