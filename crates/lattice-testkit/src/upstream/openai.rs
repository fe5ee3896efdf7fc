//! OpenAI's Responses API, and Azure's, as strict as they are seen to be.
//! <https://platform.openai.com/docs/api-reference/responses>

use serde_json::{Value, json};

use super::http::Request;
use super::script::{Question, Refused, SIGNATURE, Scripted, Stop, TOKENS, demand, known, list, text};
use super::token;
use super::wire::Wire;

pub(super) const WIRE: Wire = Wire { read, whole, frames, is_delta, error, error_frame };
pub(super) const AZURE: Wire = Wire { read: read_azure, ..WIRE };

const FIELDS: &str = "background context_management conversation include input instructions max_output_tokens max_tool_calls metadata \
    model parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_retention reasoning safety_identifier \
    service_tier store stream stream_options temperature text tool_choice tools top_logprobs top_p truncation user";

fn read(request: &Request) -> Result<Question, Refused> {
    request.bearer().ok_or_else(Refused::key)?;
    question(request)
}

fn read_azure(request: &Request) -> Result<Question, Refused> {
    let key = request.header("api-key").is_some_and(|key| !key.is_empty());
    if !key && request.bearer() != Some(token::ENTRA) {
        return Err(Refused::key());
    }
    let dated = !request.path.contains("/openai/v1/");
    demand(!dated || request.parameter("api-version").is_some(), || "api-version is needed".to_owned())?;
    question(request)
}

fn question(request: &Request) -> Result<Question, Refused> {
    let body = request.json();
    known(&body, FIELDS, "body")?;
    let mut question = Question {
        model: text(&body, "model", "body")?.to_owned(),
        stream: body["stream"] == true,
        schema: body["text"]["format"]["type"] == "json_schema",
        echo: echo(&body),
        ..Question::default()
    };
    for tool in list(&body["tools"]) {
        known(tool, "type name description parameters strict defer_loading", "tools[]")?;
        demand(tool["type"] == "function", || format!("tools[]: {} is not offered here", tool["type"]))?;
        question.tools.push(text(tool, "name", "tools[]")?.to_owned());
    }
    choice(&body["tool_choice"], &mut question)?;
    if question.schema {
        let format = &body["text"]["format"];
        known(format, "type name schema strict description", "text.format")?;
        text(format, "name", "text.format")?;
        demand(format["schema"].is_object(), || "text.format.schema: required".to_owned())?;
    }
    match &body["input"] {
        Value::String(input) => question.last_text.clone_from(input),
        Value::Array(items) => self::items(items, &mut question)?,
        _ => return Err(Refused::invalid("input: required")),
    }
    Ok(question)
}

fn choice(choice: &Value, question: &mut Question) -> Result<(), Refused> {
    match choice {
        Value::Null => {}
        Value::String(mode) => match mode.as_str() {
            "none" => question.tools.clear(),
            "required" => question.forced = question.tools.first().cloned(),
            "auto" => {}
            _ => return Err(Refused::invalid("tool_choice: unknown mode")),
        },
        _ if choice["type"] == "function" => {
            question.forced = Some(text(choice, "name", "tool_choice")?.to_owned());
        }
        _ if choice["type"] == "allowed_tools" => {
            let allowed: Vec<_> =
                list(&choice["tools"]).iter().filter_map(|tool| tool["name"].as_str()).collect();
            question.tools.retain(|tool| allowed.contains(&tool.as_str()));
            if choice["mode"] == "required" {
                question.forced = question.tools.first().cloned();
            }
        }
        _ => return Err(Refused::invalid(format!("tool_choice: {choice} is not known"))),
    }
    Ok(())
}

fn items(items: &[Value], question: &mut Question) -> Result<(), Refused> {
    let mut open: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let place = format!("input[{index}]");
        match item["type"].as_str().unwrap_or("message") {
            "message" => message(item, &place, question)?,
            "function_call" => {
                known(item, "type id call_id name arguments status namespace", &place)?;
                let id = text(item, "call_id", &place)?;
                demand(id.len() <= 64, || format!("{place}.call_id: longer than 64"))?;
                text(item, "name", &place)?;
                text(item, "arguments", &place)?;
                open.push(id.to_owned());
            }
            "function_call_output" => {
                known(item, "type id call_id output status", &place)?;
                let id = text(item, "call_id", &place)?;
                demand(open.iter().any(|open| open == id), || {
                    format!("{place}: no tool call found for call_id {id}")
                })?;
                open.retain(|open| open != id);
                question.results.push(match &item["output"] {
                    Value::String(output) => output.clone(),
                    output => list(output).iter().filter_map(|part| part["text"].as_str()).collect(),
                });
            }
            "reasoning" => {
                known(item, "type id encrypted_content summary content status", &place)?;
                demand(item["summary"].is_array(), || format!("{place}.summary: required"))?;
                demand(item["encrypted_content"] == SIGNATURE, || {
                    format!("{place}.encrypted_content: could not be verified: {}", item["encrypted_content"])
                })?;
                demand(item["id"].is_null() || index + 1 < items.len(), || {
                    format!("{place}: reasoning without its required following item")
                })?;
                question.replayed = true;
            }
            kind => return Err(Refused::invalid(format!("{place}.type: {kind} is not known"))),
        }
    }
    demand(open.is_empty(), || format!("input: no tool output found for function call {}", open.join(", ")))
}

fn message(item: &Value, place: &str, question: &mut Question) -> Result<(), Refused> {
    known(item, "type id role content status phase", place)?;
    let role = text(item, "role", place)?;
    demand(["user", "assistant", "system", "developer"].contains(&role), || {
        format!("{place}.role: {role} is not known")
    })?;
    let mut said = item["content"].as_str().unwrap_or_default().to_owned();
    for part in list(&item["content"]) {
        let kind = part["type"].as_str().unwrap_or_default();
        let fits = match role {
            "assistant" => matches!(kind, "output_text" | "refusal"),
            _ => matches!(kind, "input_text" | "input_image" | "input_file"),
        };
        demand(fits, || format!("{place}.content: {kind} does not fit {role}"))?;
        if kind == "input_image" {
            let there = part["image_url"].is_string() || part["file_id"].is_string();
            demand(there, || format!("{place}.content: the image is missing"))?;
            question.images += 1;
        }
        said.push_str(part["text"].as_str().unwrap_or_default());
    }
    if role == "user" {
        question.last_text = said;
        question.results.clear();
    }
    Ok(())
}

fn output(answer: &Scripted) -> Vec<Value> {
    let status = if matches!(answer.stop, Stop::Length | Stop::Filter) { "incomplete" } else { "completed" };
    let mut output = Vec::new();
    if let Some(thought) = &answer.reasoning {
        output.push(json!({"id": "rs_script", "type": "reasoning", "encrypted_content": SIGNATURE,
                           "summary": [{"type": "summary_text", "text": thought}]}));
    }
    if !answer.text.is_empty() {
        let part = match answer.stop {
            Stop::Refusal => json!({"type": "refusal", "refusal": answer.text}),
            _ => json!({"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}),
        };
        output.push(json!({"id": "msg_script", "type": "message", "status": status, "role": "assistant", "content": [part]}));
    }
    for (index, call) in answer.calls.iter().enumerate() {
        output.push(json!({"id": format!("fc_script_{index}"), "type": "function_call", "status": "completed", "call_id": call.id,
                           "name": call.name, "arguments": call.arguments.to_string()}));
    }
    output
}

fn whole(answer: &Scripted) -> Value {
    let (input, out, cached) = TOKENS;
    let (status, reason) = match answer.stop {
        Stop::Length => ("incomplete", json!({"reason": "max_output_tokens"})),
        Stop::Filter => ("incomplete", json!({"reason": "content_filter"})),
        _ => ("completed", Value::Null),
    };
    let mut whole = json!({"id": "resp_script", "object": "response", "created_at": 1_760_000_000, "status": status, "background": false,
           "error": null, "incomplete_details": reason, "instructions": null, "max_output_tokens": null, "model": answer.model,
           "output": output(answer), "parallel_tool_calls": true, "previous_response_id": null, "store": false,
           "temperature": 1.0, "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [], "top_p": 1.0,
           "truncation": "disabled", "metadata": {},
           "usage": {"input_tokens": input, "input_tokens_details": {"cached_tokens": cached}, "output_tokens": out,
                     "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": input + out}});
    for (name, value) in answer.echo.as_object().into_iter().flatten() {
        whole[name] = value.clone();
    }
    whole
}

/// The settings of a request as the answer repeats them, with the nulls that it fills in.
fn echo(body: &Value) -> Value {
    let mut echo = json!({});
    let repeated = "instructions max_output_tokens metadata parallel_tool_calls temperature text tool_choice tools top_p truncation";
    for name in repeated.split_whitespace().filter(|name| !body[*name].is_null()) {
        echo[name] = body[name].clone();
    }
    if echo["text"]["format"]["type"] == "json_schema" && echo["text"]["format"]["description"].is_null() {
        echo["text"]["format"]["description"] = Value::Null;
    }
    echo
}

fn frames(answer: &Scripted) -> Vec<String> {
    let mut events = Vec::new();
    let mut started = whole(answer);
    started["status"] = json!("in_progress");
    started["output"] = json!([]);
    started["usage"] = Value::Null;
    started["incomplete_details"] = Value::Null;
    events.push(json!({"type": "response.created", "response": started}));
    events.push(json!({"type": "response.in_progress", "response": started}));
    for (index, item) in output(answer).iter().enumerate() {
        item_events(index, item, &mut events);
    }
    let last = if matches!(answer.stop, Stop::Length | Stop::Filter) {
        "response.incomplete"
    } else {
        "response.completed"
    };
    events.push(json!({"type": last, "response": whole(answer)}));
    for (number, event) in events.iter_mut().enumerate() {
        event["sequence_number"] = json!(number);
    }
    events
        .iter()
        .map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default()))
        .collect()
}

fn item_events(index: usize, item: &Value, events: &mut Vec<Value>) {
    let id = &item["id"];
    let event = |kind: &str, rest: Value| {
        let mut event = json!({"type": format!("response.{kind}"), "output_index": index, "item_id": id});
        for (name, value) in rest.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
        event
    };
    let mut added = item.clone();
    match item["type"].as_str() {
        Some("message") => (added["content"], added["status"]) = (json!([]), json!("in_progress")),
        Some("function_call") => (added["arguments"], added["status"]) = (json!(""), json!("in_progress")),
        _ => added["summary"] = json!([]),
    }
    events.push(json!({"type": "response.output_item.added", "output_index": index, "item": added}));
    match item["type"].as_str() {
        Some("message") => {
            let part = &item["content"][0];
            let (kind, field) =
                if part["type"] == "refusal" { ("refusal", "refusal") } else { ("output_text", "text") };
            let mut empty = part.clone();
            empty[field] = json!("");
            let said = part[field].as_str().unwrap_or_default();
            events.push(event("content_part.added", json!({"content_index": 0, "part": empty})));
            for piece in Scripted::pieces(said) {
                events.push(event(&format!("{kind}.delta"), json!({"content_index": 0, "delta": piece})));
            }
            events.push(event(&format!("{kind}.done"), json!({"content_index": 0, field: said})));
            events.push(event("content_part.done", json!({"content_index": 0, "part": part})));
        }
        Some("function_call") => {
            let arguments = item["arguments"].as_str().unwrap_or_default();
            for piece in Scripted::pieces(arguments) {
                events.push(event("function_call_arguments.delta", json!({"delta": piece})));
            }
            events.push(event("function_call_arguments.done", json!({"arguments": arguments})));
        }
        _ => {
            let part = &item["summary"][0];
            let said = part["text"].as_str().unwrap_or_default();
            events.push(event(
                "reasoning_summary_part.added",
                json!({"summary_index": 0, "part": {"type": "summary_text", "text": ""}}),
            ));
            for piece in Scripted::pieces(said) {
                events
                    .push(event("reasoning_summary_text.delta", json!({"summary_index": 0, "delta": piece})));
            }
            events.push(event("reasoning_summary_text.done", json!({"summary_index": 0, "text": said})));
            events.push(event("reasoning_summary_part.done", json!({"summary_index": 0, "part": part})));
        }
    }
    events.push(json!({"type": "response.output_item.done", "output_index": index, "item": item}));
}

fn is_delta(frame: &str) -> bool {
    frame.contains(".delta\n")
}

/// OpenAI's error body, the same for both of its APIs.
pub(super) fn error(status: u16, kind: &str, message: &str) -> Value {
    let code = match status {
        401 => json!("invalid_api_key"),
        404 => json!("model_not_found"),
        429 => json!("rate_limit_exceeded"),
        _ => Value::Null,
    };
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}

fn error_frame() -> String {
    let event = json!({"type": "error", "code": "server_error", "message": "scripted failure", "param": null, "sequence_number": 9});
    format!("event: error\ndata: {event}\n\n")
}
