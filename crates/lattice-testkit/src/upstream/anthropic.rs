//! Anthropic's Messages API, also as Azure hosts it.
//! <https://docs.anthropic.com/en/api/messages>

use serde_json::{Value, json};

use super::http::Request;
use super::script::{Question, Refused, SIGNATURE, Scripted, Stop, TOKENS, demand, known, list, text};
use super::token;
use super::wire::Wire;

pub(super) const WIRE: Wire = Wire { read, whole, frames, is_delta, error, error_frame };

const FIELDS: &str = "model max_tokens messages system stream temperature top_p top_k stop_sequences tools tool_choice thinking metadata \
    service_tier output_config cache_control container context_management inference_geo mcp_servers speed";

fn read(request: &Request) -> Result<Question, Refused> {
    let key =
        request.header("x-api-key").or_else(|| request.header("api-key")).is_some_and(|key| !key.is_empty());
    if !key && request.bearer() != Some(token::ENTRA) && request.bearer().is_none() {
        return Err(Refused::key());
    }
    demand(request.header("anthropic-version").is_some(), || {
        "anthropic-version: header is required".to_owned()
    })?;
    let body = request.json();
    known(&body, FIELDS, "body")?;
    let most = body["max_tokens"].as_u64().ok_or_else(|| Refused::invalid("max_tokens: Field required"))?;
    let mut question = Question {
        model: text(&body, "model", "body")?.to_owned(),
        stream: body["stream"] == true,
        schema: body["output_config"]["format"]["type"] == "json_schema",
        ..Question::default()
    };
    let thinks = thinking(&body, most)?;
    demand(body["temperature"].is_null() || body["top_p"].is_null(), || {
        "temperature and top_p cannot both be specified".to_owned()
    })?;
    tools(&body, &mut question)?;
    for block in list(&body["system"]) {
        demand(block["type"] == "text", || "system: only text".to_owned())?;
        text(block, "text", "system[]")?;
    }
    demand(body["system"] != "", || "system: text content blocks must be non-empty".to_owned())?;
    let messages = list(&body["messages"]);
    demand(!messages.is_empty(), || "messages: at least one message is required".to_owned())?;
    self::messages(messages, thinks, &mut question)?;
    Ok(question)
}

/// Whether the model is to think.
fn thinking(body: &Value, most: u64) -> Result<bool, Refused> {
    let thinking = &body["thinking"];
    let thinks = matches!(thinking["type"].as_str(), Some("enabled" | "adaptive"));
    if thinking["type"] == "enabled" {
        let budget = thinking["budget_tokens"].as_u64().unwrap_or_default();
        demand(budget >= 1024, || "thinking.budget_tokens: at least 1024".to_owned())?;
        demand(budget < most, || "max_tokens must be greater than thinking.budget_tokens".to_owned())?;
    }
    if thinks {
        let warm =
            body["temperature"].as_f64().is_some_and(|temperature| (temperature - 1.0).abs() > f64::EPSILON);
        demand(!warm, || "temperature may only be set to 1 when thinking is enabled".to_owned())?;
        let forced = matches!(body["tool_choice"]["type"].as_str(), Some("any" | "tool"));
        demand(!forced, || "Thinking may not be enabled when tool_choice forces tool use.".to_owned())?;
    }
    Ok(thinks)
}

fn tools(body: &Value, question: &mut Question) -> Result<(), Refused> {
    for tool in list(&body["tools"]) {
        known(
            tool,
            "type name description input_schema cache_control strict eager_input_streaming defer_loading",
            "tools[]",
        )?;
        demand(tool["input_schema"]["type"] == "object", || {
            "tools[].input_schema.type: must be object".to_owned()
        })?;
        question.tools.push(text(tool, "name", "tools[]")?.to_owned());
    }
    let choice = &body["tool_choice"];
    demand(choice.is_null() || !question.tools.is_empty(), || {
        "tool_choice may only be specified while providing tools".to_owned()
    })?;
    match choice["type"].as_str() {
        Some("none") => question.tools.clear(),
        Some("any") => question.forced = question.tools.first().cloned(),
        Some("tool") => question.forced = Some(text(choice, "name", "tool_choice")?.to_owned()),
        Some("auto") | None => {}
        Some(kind) => return Err(Refused::invalid(format!("tool_choice: {kind} is not known"))),
    }
    Ok(())
}

/// The content as blocks, however it was written.
fn blocks(message: &Value) -> Vec<Value> {
    match &message["content"] {
        Value::String(said) => vec![json!({"type": "text", "text": said})],
        content => list(content).to_vec(),
    }
}

fn messages(messages: &[Value], thinks: bool, question: &mut Question) -> Result<(), Refused> {
    let mut open: Vec<String> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let place = format!("messages.{index}");
        known(message, "role content", &place)?;
        let blocks = blocks(message);
        demand(!blocks.is_empty(), || format!("{place}: content must not be empty"))?;
        match message["role"].as_str() {
            Some("user") => user(&blocks, &place, &mut open, question)?,
            Some("assistant") => open = assistant(&blocks, &place, thinks, question)?,
            role => return Err(Refused::invalid(format!("{place}.role: {role:?} is not user or assistant"))),
        }
    }
    demand(open.is_empty(), || {
        format!("`tool_use` ids were found without `tool_result` blocks: {}", open.join(", "))
    })
}

fn user(
    blocks: &[Value],
    place: &str,
    open: &mut Vec<String>,
    question: &mut Question,
) -> Result<(), Refused> {
    let mut results = Vec::new();
    let mut said = String::new();
    for block in blocks {
        match block["type"].as_str().unwrap_or_default() {
            "tool_result" => {
                let id = text(block, "tool_use_id", place)?;
                demand(said.is_empty(), || format!("{place}: tool_result blocks come first"))?;
                demand(open.iter().any(|open| open == id), || {
                    format!("{place}: unexpected `tool_use_id` {id}")
                })?;
                open.retain(|open| open != id);
                results.push(match &block["content"] {
                    Value::String(text) => text.clone(),
                    parts => list(parts).iter().filter_map(|part| part["text"].as_str()).collect(),
                });
            }
            "text" => said.push_str(filled(block, place)?),
            "image" => {
                demand(block["source"]["type"].is_string(), || {
                    format!("{place}: the image's source is missing")
                })?;
                question.images += 1;
            }
            "document" => {}
            kind => return Err(Refused::invalid(format!("{place}: {kind} is not for users"))),
        }
    }
    demand(open.is_empty(), || {
        format!(
            "{place}: `tool_use` ids were found without `tool_result` blocks immediately after: {}",
            open.join(", ")
        )
    })?;
    question.results = results;
    question.last_text = said;
    Ok(())
}

fn assistant(
    blocks: &[Value],
    place: &str,
    thinks: bool,
    question: &mut Question,
) -> Result<Vec<String>, Refused> {
    let mut calls = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        match block["type"].as_str().unwrap_or_default() {
            "text" => drop(filled(block, place)?),
            "tool_use" => {
                demand(block["input"].is_object(), || format!("{place}: input must be an object"))?;
                text(block, "name", place)?;
                let id = text(block, "id", place)?;
                let plain =
                    id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-');
                demand(plain, || format!("{place}: the id {id} does not match ^[a-zA-Z0-9_-]+$"))?;
                calls.push(id.to_owned());
            }
            "thinking" => {
                demand(block["signature"] == SIGNATURE, || {
                    format!("{place}: Invalid `signature` in `thinking` block")
                })?;
                demand(index == 0, || format!("{place}: thinking comes first"))?;
                question.replayed = true;
            }
            "redacted_thinking" => question.replayed = true,
            kind => return Err(Refused::invalid(format!("{place}: {kind} is not for assistants"))),
        }
    }
    let thought = blocks
        .first()
        .is_some_and(|block| matches!(block["type"].as_str(), Some("thinking" | "redacted_thinking")));
    demand(calls.is_empty() || thought || !thinks, || {
        format!(
            "{place}: when `thinking` is enabled, a final `assistant` message must start with a thinking block"
        )
    })?;
    Ok(calls)
}

fn filled<'a>(block: &'a Value, place: &str) -> Result<&'a str, Refused> {
    known(block, "type text cache_control citations", place)?;
    let said = block["text"].as_str().unwrap_or_default();
    demand(!said.trim().is_empty(), || format!("{place}: text content blocks must be non-empty"))?;
    Ok(said)
}

fn stop_reason(answer: &Scripted) -> &'static str {
    match answer.stop {
        Stop::End => "end_turn",
        Stop::Calls => "tool_use",
        Stop::Length => "max_tokens",
        // Anthropic has one reason for both.
        Stop::Filter | Stop::Refusal => "refusal",
    }
}

fn content(answer: &Scripted) -> Vec<Value> {
    let mut content = Vec::new();
    if let Some(thought) = &answer.reasoning {
        content.push(json!({"type": "thinking", "thinking": thought, "signature": SIGNATURE}));
    }
    if !answer.text.is_empty() {
        content.push(json!({"type": "text", "text": answer.text}));
    }
    for call in &answer.calls {
        content.push(json!({"type": "tool_use", "id": call.id.replace("call_", "toolu_"), "name": call.name, "input": call.arguments}));
    }
    content
}

fn whole(answer: &Scripted) -> Value {
    let (input, out, cached) = TOKENS;
    json!({"id": "msg_script", "type": "message", "role": "assistant", "model": answer.model, "content": content(answer),
           "stop_reason": stop_reason(answer), "stop_sequence": null,
           "usage": {"input_tokens": input - cached, "cache_creation_input_tokens": 0, "cache_read_input_tokens": cached,
                     "output_tokens": out}})
}

fn frames(answer: &Scripted) -> Vec<String> {
    let mut start = whole(answer);
    (start["content"], start["stop_reason"], start["usage"]["output_tokens"]) =
        (json!([]), Value::Null, json!(1));
    let mut events = vec![json!({"type": "message_start", "message": start}), json!({"type": "ping"})];
    for (index, block) in content(answer).iter().enumerate() {
        let (mut empty, mut deltas) = (block.clone(), Vec::new());
        let said = |field: &str| Scripted::pieces(block[field].as_str().unwrap_or_default());
        match block["type"].as_str() {
            Some("thinking") => {
                (empty["thinking"], empty["signature"]) = (json!(""), json!(""));
                deltas.extend(
                    said("thinking").iter().map(|piece| json!({"type": "thinking_delta", "thinking": piece})),
                );
                deltas.push(json!({"type": "signature_delta", "signature": block["signature"]}));
            }
            Some("tool_use") => {
                empty["input"] = json!({});
                // A call without arguments has one empty delta, as recorded.
                let arguments = block["input"].to_string();
                let arguments =
                    if arguments == "{}" { vec![String::new()] } else { Scripted::pieces(&arguments) };
                deltas.extend(
                    arguments.iter().map(|piece| json!({"type": "input_json_delta", "partial_json": piece})),
                );
            }
            _ => {
                empty["text"] = json!("");
                deltas.extend(said("text").iter().map(|piece| json!({"type": "text_delta", "text": piece})));
            }
        }
        events.push(json!({"type": "content_block_start", "index": index, "content_block": empty}));
        events.extend(
            deltas
                .into_iter()
                .map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta})),
        );
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    let (.., out, _) = TOKENS;
    events.push(
        json!({"type": "message_delta", "delta": {"stop_reason": stop_reason(answer), "stop_sequence": null},
                       "usage": {"output_tokens": out}}),
    );
    events.push(json!({"type": "message_stop"}));
    events
        .iter()
        .map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default()))
        .collect()
}

fn is_delta(frame: &str) -> bool {
    frame.starts_with("event: content_block_delta")
}

fn error(_: u16, kind: &str, message: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_script"})
}

fn error_frame() -> String {
    format!("event: error\ndata: {}\n\n", error(529, "overloaded_error", "scripted failure"))
}
