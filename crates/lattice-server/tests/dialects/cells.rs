//! Single cells of feature and provider: what each provider gets, or what is refused by name before anybody is asked.

use bytes::Bytes;
use lattice_testkit::upstream::{Speech, speak};
use serde_json::{Value, json};

use crate::inputs::answer;
use crate::stage::{KEY, KINDS, Outcome, Script, ask, ask_model, made};

fn asked(kind: &str, fields: &Value) -> Outcome {
    let mut body = json!({"model": "m", "input": "hi"});
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    ask(kind, &body, answer(kind, false))
}

/// What the provider got.
fn sent(kind: &str, fields: &Value) -> Value {
    let outcome = asked(kind, fields);
    assert_eq!(outcome.status, 200, "{kind}: {}", outcome.body);
    outcome.sent.unwrap().body
}

/// The field that was refused, before the provider was asked.
fn refused(kind: &str, fields: &Value) -> String {
    let outcome = asked(kind, fields);
    assert_eq!(outcome.status, 400, "{kind}: {}", outcome.body);
    assert!(outcome.sent.is_none(), "{kind} was asked");
    outcome.json()["error"]["param"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn c9_penalties_are_refused_where_the_api_does_not_know_them() {
    for kind in ["openai", "azureopenai"] {
        for name in ["presence_penalty", "frequency_penalty"] {
            let fields = |value: f64| json!({name: value});
            assert_eq!(refused(kind, &fields(0.5)), name);
            assert!(sent(kind, &fields(0.0)).get(name).is_none());
            let chat = format!("{kind}_chat");
            assert_eq!(sent(&chat, &fields(0.5))[name], 0.5);
        }
    }
}

#[test]
fn labels_are_taken_and_repeated_by_every_provider() {
    let labels =
        json!({"metadata": {"team": "a"}, "safety_identifier": "user-1", "prompt_cache_key": "key-1"});
    for kind in KINDS {
        let outcome = asked(kind, &labels);
        assert_eq!(outcome.status, 200, "{kind}: {}", outcome.body);
        let response = outcome.json();
        for (name, value) in labels.as_object().unwrap() {
            assert_eq!(response[name], *value, "{kind} {name}");
        }
    }
    let to_openai = sent("openai", &labels);
    assert_eq!(to_openai["metadata"], labels["metadata"]);
    assert_eq!(to_openai["safety_identifier"], "user-1");
    assert_eq!(sent("anthropic", &labels)["metadata"]["user_id"], "user-1");
}

#[test]
fn c9_a_service_tier_is_sent_or_refused_and_never_dropped() {
    for tier in ["flex", "priority"] {
        let fields = json!({"service_tier": tier});
        assert_eq!(sent("google", &fields)["serviceTier"], tier);
        let outcome = asked("vertexai", &fields);
        let header = outcome.sent.unwrap().headers.get("x-vertex-ai-llm-shared-request-type").cloned();
        assert_eq!(header.unwrap(), tier, "the global endpoint takes it");
        let regional = made("vertexai", &[("project", "acme"), ("location", "europe-west1")]);
        let body = json!({"model": "m", "input": "hi", "service_tier": tier});
        let outcome = ask_model(regional, "gemini-3-pro-preview", &body, answer("vertexai", false));
        assert_eq!(outcome.json()["error"]["param"], "service_tier", "{}", outcome.body);
        assert!(outcome.sent.is_none());
    }
}

#[test]
fn c6_a_data_url_that_is_no_base64_is_refused_by_its_path_before_any_call() {
    for kind in KINDS {
        for url in [
            "data:image/png;base64,@@@",
            "data:image/png,plain",
            "data:image/png;base64,",
            "data:image/png;base64,AAAAA",
        ] {
            let part = json!({"type": "input_image", "image_url": url});
            let fields = json!({"input": [{"role": "user", "content": [part]}]});
            assert_eq!(refused(kind, &fields), "input[0].content[0].image_url", "{kind} {url}");
        }
    }
    let part = json!({"type": "input_image", "image_url": "data:image/png;base64,@@@"});
    let call = json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"});
    let fields = json!({"input": [call, {"type": "function_call_output", "call_id": "c", "output": [part]}]});
    assert_eq!(refused("openai", &fields), "input[1].output[0].image_url");
}

#[test]
fn the_operator_says_what_the_most_tokens_are_called() {
    for (field, wanted) in [
        (None, "max_tokens"),
        (Some("max_tokens"), "max_tokens"),
        (Some("max_completion_tokens"), "max_completion_tokens"),
    ] {
        let field = field.map(|field| ("max_tokens_field", field));
        let base = [("endpoint", "https://c.example/v1"), ("api_key", KEY)];
        let values: Vec<_> = base.into_iter().chain(field).collect();
        let body = json!({"model": "m", "input": "hi", "max_output_tokens": 100});
        let outcome =
            ask_model(made("openai_compatible", &values), "x", &body, answer("openai_compatible", false));
        let sent = outcome.sent.unwrap().body;
        let said: Vec<_> =
            ["max_tokens", "max_completion_tokens"].into_iter().filter(|name| sent[*name] == 100).collect();
        assert_eq!(said, [wanted], "{sent}");
    }
}

/// What the provider got of a conversation, with thinking asked for.
fn thinking_after(items: &Value) -> Value {
    sent(
        "anthropic",
        &json!({"input": items, "reasoning": {"effort": "high"}, "max_output_tokens": 30_000,
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}]}),
    )
}

#[test]
fn c7_thinking_is_left_off_where_the_last_turn_called_a_tool_without_claudes_own_thoughts() {
    let user = |text: &str| json!({"role": "user", "content": text});
    let said = json!({"role": "assistant", "content": "Let me see."});
    let call = json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"});
    let result = json!({"type": "function_call_output", "call_id": "c", "output": "x"});
    let foreign = json!({"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"});
    for unsigned in [
        json!([user("a"), call, result]),
        json!([user("a"), said, call, result]),
        json!([user("a"), foreign, call, result]),
        json!([user("a"), call, result, user("and now?")]),
        json!([call, result]),
        json!([user("a"), call, result, said, call, result]),
    ] {
        assert!(thinking_after(&unsigned).get("thinking").is_none(), "{unsigned}");
    }
    for free in [
        json!([user("a")]),
        json!([user("a"), said, user("b")]),
        json!([user("a"), call, result, user("b"), said, user("c")]),
    ] {
        assert!(thinking_after(&free).get("thinking").is_some(), "{free}");
    }
}

#[test]
fn c7_claudes_own_signed_thoughts_go_back_and_it_thinks_on() {
    let asked = json!({"model": "m", "input": "a", "include": ["reasoning.encrypted_content"], "reasoning": {"effort": "high"},
        "max_output_tokens": 30_000, "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}]});
    let thought =
        Speech { thought: Some("hm".into()), calls: vec![("f".into(), json!({}))], ..Speech::default() };
    let (whole, _) = speak("anthropic", &thought);
    let first = ask("anthropic", &asked, Script::ok(vec![Bytes::from(whole.to_string())])).json();
    let mut items = vec![json!({"role": "user", "content": "a"})];
    items.extend(first["output"].as_array().unwrap().iter().cloned());
    let call_id = items.last().unwrap()["call_id"].clone();
    items.push(json!({"type": "function_call_output", "call_id": call_id, "output": "x"}));
    let body = thinking_after(&Value::from(items));
    assert_eq!(body["thinking"]["type"], "enabled", "{body}");
    assert_eq!(body["messages"][1]["content"][0]["type"], "thinking", "{body}");
}
