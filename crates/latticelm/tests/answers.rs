//! Every kind of provider, whole and streamed, through the real gateway: text, tools, schemas, reasoning, endings, images.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends where it cannot go on")]

use lattice_testkit::stage::{KINDS, Kind, Stage, items, model, request, text};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

/// Runs a check for every kind and reports all failures together.
fn for_each_kind(check: impl Fn(&Stage, &Kind) -> Result<(), String>) {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let failures: Vec<_> = KINDS
        .iter()
        .filter_map(|kind| check(&stage, kind).err().map(|error| format!("{}: {error}", kind.name)))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn demand(holds: bool, response: &Value) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("unexpected: {response:#}")) }
}

fn tools() -> Value {
    let tool = |name: &str| {
        json!({"type": "function", "name": name, "description": "The weather.", "strict": false,
               "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "number": {"type": "integer"}}}})
    };
    json!([tool("weather"), tool("forecast")])
}

#[test]
fn text_is_the_same_whole_and_streamed() {
    for_each_kind(|stage, kind| {
        let mut body = request(kind, "script-text");
        body["instructions"] = json!("Be brief.");
        body["temperature"] = json!(0.5);
        body["max_output_tokens"] = json!(200);
        body["metadata"] = json!({"team": "blue"});
        let response = stage.ask_both(&body)?;
        demand(text(&response) == "Grüße 🌍 you said: hello there", &response)?;
        demand(response["model"] == model(kind, "script-text"), &response)?;
        demand(response["status"] == "completed" && response["instructions"] == "Be brief.", &response)?;
        demand(response["metadata"]["team"] == "blue" && response["max_output_tokens"] == 200, &response)
    });
}

#[test]
fn b7_usage_counts_cached_tokens_once() {
    for_each_kind(|stage, kind| {
        let response = stage.ask_both(&request(kind, "script-text"))?;
        let usage = &response["usage"];
        demand(
            usage["input_tokens"] == 17 && usage["output_tokens"] == 9 && usage["total_tokens"] == 26,
            usage,
        )?;
        demand(usage["input_tokens_details"]["cached_tokens"] == 5, usage)
    });
}

/// The call, its result, and the answer to it.
fn tool_loop(
    stage: &Stage,
    kind: &Kind,
    script: &str,
    calls: usize,
    keep_reasoning: bool,
) -> Result<(), String> {
    let question = json!({"type": "message", "role": "user", "content": "The weather?"});
    let mut body = json!({"model": model(kind, script), "tools": tools(), "input": [question]});
    let response = stage.ask_both(&body)?;
    let made = items(&response, "function_call");
    demand(made.len() == calls && response["status"] == "completed", &response)?;
    let mut input = vec![question];
    for item in response["output"].as_array().into_iter().flatten() {
        if keep_reasoning || item["type"] != "reasoning" {
            input.push(item.clone());
        }
    }
    for (index, call) in made.iter().enumerate() {
        let expected = if script == "script-tool-empty" {
            json!({})
        } else {
            json!({"city": "Zürich", "number": index})
        };
        let arguments: Value =
            serde_json::from_str(call["arguments"].as_str().unwrap_or_default()).unwrap_or_default();
        demand(arguments == expected, call)?;
        let output = format!("{} degrees", 20 + index);
        input.push(json!({"type": "function_call_output", "call_id": call["call_id"], "output": output}));
    }
    body["input"] = Value::Array(input);
    let response = stage.ask_both(&body)?;
    let said = text(&response);
    demand((0..calls).all(|index| said.contains(&format!("{} degrees", 20 + index))), &response)
}

#[test]
fn c3_a_tool_loop_comes_round() {
    for_each_kind(|stage, kind| tool_loop(stage, kind, "script-tool", 1, true));
}

#[test]
fn c3_a_call_without_arguments_has_an_empty_object() {
    for_each_kind(|stage, kind| tool_loop(stage, kind, "script-tool-empty", 1, true));
}

#[test]
fn c3_parallel_calls_come_round() {
    for_each_kind(|stage, kind| tool_loop(stage, kind, "script-parallel-tools", 2, true));
}

#[test]
fn c7_a_signed_call_comes_round_with_and_without_its_reasoning() {
    for_each_kind(|stage, kind| {
        tool_loop(stage, kind, "script-reasoning-tool", 1, true)?;
        tool_loop(stage, kind, "script-reasoning-tool", 1, false)
    });
}

#[test]
fn c9_a_tool_choice_is_honoured() {
    for_each_kind(|stage, kind| {
        let mut body = request(kind, "script-text");
        body["tools"] = tools();
        body["tool_choice"] = json!({"type": "function", "name": "forecast"});
        let response = stage.ask_both(&body)?;
        demand(
            items(&response, "function_call").first().is_some_and(|call| call["name"] == "forecast"),
            &response,
        )?;
        body["tool_choice"] = json!({"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "forecast"}]});
        let response = stage.ask_both(&body)?;
        demand(
            items(&response, "function_call").first().is_some_and(|call| call["name"] == "forecast"),
            &response,
        )?;
        body["model"] = json!(model(kind, "script-tool"));
        body["tool_choice"] = json!("none");
        let response = stage.ask_both(&body)?;
        demand(items(&response, "function_call").is_empty(), &response)
    });
}

#[test]
fn c9_a_schema_reaches_the_provider() {
    for_each_kind(|stage, kind| {
        let mut body = request(kind, "script-json");
        let schema = json!({"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
                            "required": ["name", "age"], "additionalProperties": false});
        body["text"] =
            json!({"format": {"type": "json_schema", "name": "person", "strict": true, "schema": schema}});
        let response = stage.ask_both(&body)?;
        let person: Value = serde_json::from_str(&text(&response)).unwrap_or_default();
        demand(person == json!({"name": "Ada", "age": 36}), &response)?;
        demand(response["text"]["format"]["schema"] == schema, &response)?;
        let sent = stage.upstream.requests().last().cloned().unwrap_or_default();
        demand(sent["body"].to_string().contains("additionalProperties"), &sent)
    });
}

#[test]
fn c7_reasoning_is_shown_sealed_and_replayed_to_its_own_provider() {
    for_each_kind(|stage, kind| {
        let question = json!({"type": "message", "role": "user", "content": "Think!"});
        let mut body = json!({"model": model(kind, "script-reasoning"), "input": [question],
                              "include": ["reasoning.encrypted_content"]});
        if kind.replays {
            body["reasoning"] = json!({"effort": "low", "summary": "auto"});
        }
        let response = stage.ask_both(&body)?;
        let thoughts = items(&response, "reasoning");
        demand(
            thoughts
                .first()
                .is_some_and(|thought| thought.to_string().contains("First I think, then I speak.")),
            &response,
        )?;
        demand(!text(&response).contains("First I think"), &response)?;
        if !kind.replays {
            return Ok(());
        }
        // Gemini signs the text, so that the seal comes in an item of its own behind it.
        let sealed =
            |thought: &&Value| thought["encrypted_content"].as_str().is_some_and(|seal| !seal.is_empty());
        demand(thoughts.iter().any(sealed), &response)?;
        let mut input = vec![question];
        input.extend(response["output"].as_array().into_iter().flatten().cloned());
        input.push(json!({"type": "message", "role": "user", "content": "And now?"}));
        body["input"] = Value::Array(input);
        let response = stage.ask_both(&body)?;
        demand(text(&response).contains("replayed"), &response)?;
        // Elsewhere it is left out: a strict provider would refuse it.
        for other in KINDS.iter().filter(|other| other.name != kind.name) {
            body["model"] = json!(model(other, "script-text"));
            let response = stage.ask_both(&body).map_err(|error| format!("to {}: {error}", other.name))?;
            demand(!text(&response).contains("replayed"), &response)?;
        }
        Ok(())
    });
}

#[test]
fn c4_a_refusal_or_a_filter_is_never_an_empty_success() {
    for_each_kind(|stage, kind| {
        for script in ["script-refusal", "script-filter"] {
            let response = stage.ask_both(&request(kind, script))?;
            let refused = response["output"].to_string().contains("\"type\":\"refusal\"");
            let filtered = response["status"] == "incomplete"
                && response["incomplete_details"]["reason"] == "content_filter";
            demand(refused || filtered, &response)?;
        }
        Ok(())
    });
}

#[test]
fn c4_a_length_ends_incomplete() {
    for_each_kind(|stage, kind| {
        let response = stage.ask_both(&request(kind, "script-length"))?;
        demand(response["status"] == "incomplete", &response)?;
        demand(response["incomplete_details"]["reason"] == "max_output_tokens", &response)?;
        demand(
            response["output"][0]["status"] == "incomplete" && text(&response) == "This is as far as",
            &response,
        )
    });
}

#[test]
fn c6_an_image_reaches_the_provider() {
    // A red dot.
    let image = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
    for_each_kind(|stage, kind| {
        let content = json!([{"type": "input_text", "text": "What is it?"}, {"type": "input_image", "image_url": image, "detail": "auto"}]);
        let body = json!({"model": model(kind, "script-text"), "input": [{"type": "message", "role": "user", "content": content}]});
        let response = stage.ask_both(&body)?;
        demand(text(&response) == "Grüße 🌍 images: 1 you said: What is it?", &response)?;
        let sent = stage.upstream.requests().last().cloned().unwrap_or_default();
        demand(sent["body"].to_string().contains("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="), &sent)
    });
}

#[test]
fn a_conversation_of_many_roles_reaches_the_provider() {
    for_each_kind(|stage, kind| {
        let input = json!([
            {"type": "message", "role": "system", "content": "Be kind."},
            {"type": "message", "role": "user", "content": "One"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Two", "annotations": []}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Three"}, {"type": "input_text", "text": " and four"}]},
        ]);
        let response = stage.ask_both(&json!({"model": model(kind, "script-text"), "input": input}))?;
        demand(text(&response) == "Grüße 🌍 you said: Three and four", &response)
    });
}
