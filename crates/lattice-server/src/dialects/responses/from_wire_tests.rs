//! What is taken and what is refused, with the path that the refusal names.

use bytes::Bytes;
use lattice_model::{Format, Item, Part, Role, Tool, ToolChoice, ToolMode, Turn};
use lattice_wire::Document;
use serde_json::{Value, json};

use super::Invalid;
use super::from_wire::{Asking, turn};

fn asking() -> Asking {
    Asking { id: "resp_1".into(), created_at: 1, store_by_default: false }
}

fn read(body: &Value) -> Result<Turn, Invalid> {
    turn(&Document::from(body.to_string()), asking())
}

fn with(changes: &Value) -> Value {
    let mut body = json!({"model": "m", "input": "hi"});
    if let (Some(body), Some(changes)) = (body.as_object_mut(), changes.as_object()) {
        body.extend(changes.clone());
    }
    body
}

fn refused(changes: &Value) -> (String, &'static str) {
    let invalid = read(&with(changes)).expect_err(&changes.to_string());
    (invalid.param.unwrap_or_default(), invalid.code)
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn refusals_name_the_field_by_its_path() {
    let user = |content: Value| json!({"input": [{"role": "user", "content": content}]});
    let cases = [
        (json!({"model": null}), "model", "missing_required_parameter"),
        (json!({"model": 3}), "model", "invalid_type"),
        (json!({"input": null}), "input", "missing_required_parameter"),
        (json!({"input": []}), "input", "invalid_value"),
        (json!({"input": 7}), "input", "invalid_type"),
        (json!({"temperature": 2.5}), "temperature", "invalid_value"),
        (json!({"temperature": "hot"}), "temperature", "invalid_type"),
        (json!({"top_p": -0.1}), "top_p", "invalid_value"),
        (json!({"presence_penalty": 3}), "presence_penalty", "invalid_value"),
        (json!({"top_logprobs": 21}), "top_logprobs", "invalid_value"),
        (json!({"max_output_tokens": 15}), "max_output_tokens", "invalid_value"),
        (json!({"max_output_tokens": 1.5}), "max_output_tokens", "invalid_type"),
        (json!({"max_tool_calls": 0}), "max_tool_calls", "invalid_value"),
        (json!({"truncation": "some"}), "truncation", "invalid_value"),
        (json!({"service_tier": "gold"}), "service_tier", "invalid_value"),
        (json!({"reasoning": {"effort": "huge"}}), "reasoning.effort", "invalid_value"),
        (json!({"reasoning": "high"}), "reasoning", "invalid_type"),
        (json!({"text": {"verbosity": "loud"}}), "text.verbosity", "invalid_value"),
        (json!({"text": {"format": {"type": "xml"}}}), "text.format.type", "invalid_value"),
        (
            json!({"text": {"format": {"type": "json_schema", "name": "n"}}}),
            "text.format.schema",
            "missing_required_parameter",
        ),
        (
            json!({"text": {"format": {"type": "json_schema", "schema": {}}}}),
            "text.format.name",
            "missing_required_parameter",
        ),
        (json!({"metadata": {"a": 1}}), "metadata.a", "invalid_value"),
        (json!({"prompt_cache_key": "x".repeat(65)}), "prompt_cache_key", "invalid_value"),
        (json!({"expires_after": {}}), "expires_after.seconds", "missing_required_parameter"),
        (json!({"expires_after": {"seconds": -1}}), "expires_after.seconds", "invalid_value"),
        (json!({"expires_after": {"seconds": 1, "anchor": "now"}}), "expires_after.anchor", "invalid_value"),
        (json!({"expires_after": {"seconds": 1, "x": 1}}), "expires_after.x", "unsupported_parameter"),
        (json!({"input": [{"type": "item_reference"}]}), "input[0].id", "missing_required_parameter"),
        (json!({"background": true}), "background", "unsupported_parameter"),
        (json!({"tools": [{"type": "function"}]}), "tools[0].name", "missing_required_parameter"),
        (json!({"tools": [{"type": "function", "name": "a b"}]}), "tools[0].name", "invalid_value"),
        (
            json!({"tools": [{"type": "function", "name": "a", "parameters": []}]}),
            "tools[0].parameters",
            "invalid_value",
        ),
        (
            json!({"tools": [{"type": "function", "name": "a"}, {"type": "function", "name": "a"}]}),
            "tools[1].name",
            "invalid_value",
        ),
        (json!({"tools": [{"name": "a"}]}), "tools[0].type", "missing_required_parameter"),
        (json!({"tool_choice": "required"}), "tool_choice", "invalid_value"),
        (json!({"tool_choice": "never"}), "tool_choice", "invalid_value"),
        (json!({"tool_choice": {"type": "function", "name": "b"}}), "tool_choice.name", "invalid_value"),
        (json!({"input": [{"role": "tool", "content": "x"}]}), "input[0].role", "invalid_value"),
        (json!({"input": [{"role": "user"}]}), "input[0].content", "missing_required_parameter"),
        (json!({"input": [{"content": "x"}]}), "input[0].type", "missing_required_parameter"),
        (json!({"input": [{"role": "user", "content": 5}]}), "input[0].content", "invalid_value"),
        (user(json!([{"type": "output_text", "text": "x"}])), "input[0].content[0].type", "invalid_value"),
        (user(json!([{"type": "input_text", "text": 5}])), "input[0].content[0].text", "invalid_type"),
        (
            user(json!([{"type": "input_image", "image_url": {"url": "https://x"}}])),
            "input[0].content[0].image_url",
            "invalid_type",
        ),
        (user(json!([{"type": "input_text"}])), "input[0].content[0].text", "missing_required_parameter"),
        (
            user(json!([{"type": "input_text", "text": "x", "image_url": "y"}])),
            "input[0].content[0].image_url",
            "invalid_value",
        ),
        (
            user(json!([{"type": "input_image", "image_url": "ftp://x"}])),
            "input[0].content[0].image_url",
            "invalid_value",
        ),
        (
            user(json!([{"type": "input_image", "image_url": "data:image/png"}])),
            "input[0].content[0].image_url",
            "invalid_value",
        ),
        (
            user(json!([{"type": "input_image"}])),
            "input[0].content[0].image_url",
            "missing_required_parameter",
        ),
        (
            user(json!([{"type": "input_file", "filename": "a.pdf"}])),
            "input[0].content[0]",
            "missing_required_parameter",
        ),
        (
            json!({"input": [{"type": "function_call", "call_id": "c", "name": "f"}]}),
            "input[0].arguments",
            "missing_required_parameter",
        ),
        (
            json!({"input": [{"type": "function_call", "call_id": "", "name": "f", "arguments": "{}"}]}),
            "input[0].call_id",
            "invalid_value",
        ),
        (
            json!({"input": [{"type": "function_call", "call_id": "c", "name": "f g", "arguments": "{}"}]}),
            "input[0].name",
            "invalid_value",
        ),
        (json!({"input": [{"type": "reasoning"}]}), "input[0].summary", "missing_required_parameter"),
        (
            json!({"input": [{"role": "user", "content": "x", "status": "done"}]}),
            "input[0].status",
            "invalid_value",
        ),
    ];
    for (changes, param, code) in cases {
        assert_eq!(refused(&changes), (param.to_owned(), code), "{changes}");
    }
}

#[test]
fn what_is_no_json_is_refused_as_a_whole() {
    for body in ["", "{", "[]", "{\"model\": \"m\",}", "{\"model\": \"\\ud800\", \"input\": \"x\"", "nul"] {
        let invalid = turn(&Document::from(body), asking()).expect_err(body);
        assert_eq!(invalid.param, None, "{body}");
    }
    assert!(turn(&Bytes::from_static(b"{\"model\": \"\xff\"}").into(), asking()).is_err());
}

#[test]
fn nulls_are_absent() {
    let body = with(
        &json!({"text": null, "tools": null, "tool_choice": null, "reasoning": null, "metadata": null, "store": null,
        "temperature": null, "include": null, "stream": null, "stream_options": null, "unknown": null}),
    );
    let turn = read(&body).unwrap();
    assert!(turn.extra.is_empty() && turn.tool_choice.is_none() && turn.format == Format::Text);
}

#[test]
fn every_shape_of_input_is_read() {
    let body = json!({"model": "m", "stream": true, "instructions": "be \"brief\"\n", "input": [
        {"role": "system", "content": "a"},
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "b"}]},
        {"role": "user", "content": [
            {"type": "input_text", "text": "c\u{1f600}"},
            {"type": "input_image", "image_url": "data:image/png;base64,AA+/", "detail": "low"},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "s"}], "encrypted_content": "x", "content": null},
        {"role": "assistant", "content": [{"type": "output_text", "text": "d", "annotations": [
            {"type": "url_citation", "start_index": 0, "end_index": 1, "url": "https://e", "title": "t"},
            {"type": "file_citation", "file_id": "f", "index": 2}]}, {"type": "refusal", "refusal": "no"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{\"a\":1}", "id": "fc_1", "status": "completed"},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "r"}]},
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}, "content": {"odd": 1}}],
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": true}, {"type": "web_search", "filters": {}}],
        "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]},
        "future_field": {"x": [1, 2]}});
    let turn = read(&body).unwrap();
    assert!(turn.stream);
    assert_eq!(turn.instructions.as_ref().unwrap().decode(), "be \"brief\"\n");
    assert_eq!(turn.input.len(), 8);
    let Item::Message(user) = &turn.input[2] else { panic!("{:?}", turn.input[2]) };
    assert_eq!(user.role, Role::User);
    assert!(matches!(&user.content[0], Part::InputText { text, .. } if text.decode() == "c\u{1f600}"));
    assert!(
        matches!(&user.content[3], Part::Other { kind, fields } if kind == "input_audio" && fields.len() == 1)
    );
    let Item::Other(search) = &turn.input[7] else { panic!("{:?}", turn.input[7]) };
    let fields: Vec<_> =
        search.fields.iter().map(|(name, json)| (name.to_string(), json.to_value())).collect();
    assert_eq!(
        fields,
        [
            ("status".to_owned(), json!("completed")),
            ("content".to_owned(), json!({"odd": 1})),
            ("action".to_owned(), json!({"type": "search"})),
        ]
    );
    assert!(
        matches!(&turn.tools[1], Tool::Hosted(tool) if tool.kind == "web_search" && tool.fields.len() == 1)
    );
    assert_eq!(
        turn.tool_choice,
        Some(ToolChoice::Allowed { mode: ToolMode::Required, names: vec!["f".into()] })
    );
    assert_eq!(turn.extra.len(), 1);
}

#[test]
fn contents_are_slices_of_the_body() {
    let body = Bytes::from(
        json!({"model": "m", "input": [{"role": "user", "content": "a long text \n with an escape"}]})
            .to_string(),
    );
    let turn = turn(&body.clone().into(), asking()).unwrap();
    let Item::Message(message) = &turn.input[0] else { panic!() };
    let Part::InputText { text, .. } = &message.content[0] else { panic!() };
    let range = body.as_ptr_range();
    assert!(range.contains(&text.literal().as_ptr()));
}
