//! Chat Completions, as OpenAI, Azure and strict compatible servers take it.
//! <https://platform.openai.com/docs/api-reference/chat>

use serde_json::{Value, json};

use super::http::Request;
use super::openai::error;
use super::script::{Question, Refused, Scripted, Stop, TOKENS, demand, known, list, text};
use super::token;
use super::wire::Wire;

pub(super) const WIRE: Wire = Wire { read, whole, frames, is_delta, error, error_frame };
pub(super) const AZURE: Wire = Wire { read: read_azure, ..WIRE };

const FIELDS: &str = "audio frequency_penalty logit_bias logprobs max_completion_tokens max_tokens messages metadata modalities model n \
    parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_retention reasoning_effort response_format \
    safety_identifier seed service_tier stop store stream stream_options temperature tool_choice tools top_logprobs top_p user \
    verbosity web_search_options";

fn read(request: &Request) -> Result<Question, Refused> {
    request.bearer().ok_or_else(Refused::key)?;
    let body = request.json();
    let model = text(&body, "model", "body")?.to_owned();
    question(&body, model)
}

fn read_azure(request: &Request) -> Result<Question, Refused> {
    let key = request.header("api-key").is_some_and(|key| !key.is_empty());
    if !key && request.bearer() != Some(token::ENTRA) {
        return Err(Refused::key());
    }
    let body = request.json();
    let deployment = request.path.split_once("/deployments/").and_then(|(_, rest)| rest.split('/').next());
    if deployment.is_some() {
        demand(request.parameter("api-version").is_some(), || "api-version is needed".to_owned())?;
    }
    let model = match deployment {
        Some(deployment) => deployment.to_owned(),
        None => text(&body, "model", "body")?.to_owned(),
    };
    question(&body, model)
}

fn question(body: &Value, model: String) -> Result<Question, Refused> {
    known(body, FIELDS, "body")?;
    let stream = body["stream"] == true;
    demand(stream || body["stream_options"].is_null(), || "stream_options: only with stream".to_owned())?;
    let format = &body["response_format"];
    let schema = format["type"] == "json_schema";
    if schema {
        known(&format["json_schema"], "name schema strict description", "response_format.json_schema")?;
        text(&format["json_schema"], "name", "response_format.json_schema")?;
    }
    let mut question = Question { model, stream, schema, ..Question::default() };
    for tool in list(&body["tools"]) {
        known(tool, "type function", "tools[]")?;
        known(&tool["function"], "name description parameters strict", "tools[].function")?;
        question.tools.push(text(&tool["function"], "name", "tools[].function")?.to_owned());
    }
    for field in ["tool_choice", "parallel_tool_calls"] {
        let fits = !question.tools.is_empty() || body[field].is_null();
        demand(fits, || format!("{field}: only with tools"))?;
    }
    choice(&body["tool_choice"], &mut question)?;
    let messages = list(&body["messages"]);
    demand(!messages.is_empty(), || "messages: too short".to_owned())?;
    self::messages(messages, &mut question)?;
    Ok(question)
}

fn choice(choice: &Value, question: &mut Question) -> Result<(), Refused> {
    match choice.as_str() {
        Some("none") => question.tools.clear(),
        Some("required") => question.forced = question.tools.first().cloned(),
        Some("auto") => {}
        Some(mode) => return Err(Refused::invalid(format!("tool_choice: {mode} is not known"))),
        None if choice["type"] == "function" => {
            question.forced = Some(text(&choice["function"], "name", "tool_choice.function")?.to_owned());
        }
        None if choice["type"] == "allowed_tools" => {
            let allowed = &choice["allowed_tools"];
            let names: Vec<_> =
                list(&allowed["tools"]).iter().filter_map(|tool| tool["function"]["name"].as_str()).collect();
            question.tools.retain(|tool| names.contains(&tool.as_str()));
            if allowed["mode"] == "required" {
                question.forced = question.tools.first().cloned();
            }
        }
        None => {}
    }
    Ok(())
}

fn messages(messages: &[Value], question: &mut Question) -> Result<(), Refused> {
    let mut open: Vec<String> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let place = format!("messages[{index}]");
        let role = text(message, "role", &place)?;
        let whole = role == "tool" || open.is_empty();
        demand(whole, || format!("{place}: tool_calls without tool messages: {}", open.join(", ")))?;
        match role {
            "system" | "developer" => known(message, "role content name", &place)?,
            "user" => {
                known(message, "role content name", &place)?;
                question.results.clear();
                user(&message["content"], &place, question)?;
            }
            "assistant" => open = assistant(message, &place)?,
            "tool" => {
                known(message, "role content tool_call_id", &place)?;
                let id = text(message, "tool_call_id", &place)?;
                let known = open.iter().any(|open| open == id);
                demand(known, || format!("{place}: tool message without a preceding tool_calls for {id}"))?;
                open.retain(|open| open != id);
                question.results.push(match &message["content"] {
                    Value::String(text) => text.clone(),
                    parts => list(parts).iter().filter_map(|part| part["text"].as_str()).collect(),
                });
            }
            role => return Err(Refused::invalid(format!("{place}.role: {role} is not known"))),
        }
    }
    demand(open.is_empty(), || format!("tool_calls without tool messages: {}", open.join(", ")))
}

fn user(content: &Value, place: &str, question: &mut Question) -> Result<(), Refused> {
    question.last_text = content.as_str().map(str::to_owned).unwrap_or_default();
    demand(content.is_string() || !list(content).is_empty(), || format!("{place}.content: required"))?;
    for part in list(content) {
        match part["type"].as_str().unwrap_or_default() {
            "text" => question.last_text.push_str(part["text"].as_str().unwrap_or_default()),
            "image_url" => {
                text(&part["image_url"], "url", place)?;
                question.images += 1;
            }
            "file" | "input_audio" => {}
            kind => return Err(Refused::invalid(format!("{place}.content: {kind} is not known"))),
        }
    }
    Ok(())
}

/// Returns the ids of the calls.
fn assistant(message: &Value, place: &str) -> Result<Vec<String>, Refused> {
    let mut plain = message.clone();
    if let Some(fields) = plain.as_object_mut() {
        // The one null that is documented here: a message that only calls.
        fields.retain(|name, value| name != "content" || !value.is_null());
    }
    known(&plain, "role content name refusal tool_calls audio", place)?;
    let mut ids = Vec::new();
    for call in list(&message["tool_calls"]) {
        known(call, "id type function", place)?;
        let id = text(call, "id", place)?;
        demand(id.len() <= 40, || format!("{place}.tool_calls: the id is longer than 40"))?;
        demand(call["type"] == "function", || format!("{place}.tool_calls: type is needed"))?;
        text(&call["function"], "name", place)?;
        text(&call["function"], "arguments", place)?;
        ids.push(id.to_owned());
    }
    let says = message["content"].is_string()
        || !list(&message["content"]).is_empty()
        || message["refusal"].is_string();
    demand(says || !ids.is_empty(), || format!("{place}: content or tool_calls is needed"))?;
    Ok(ids)
}

fn finish(answer: &Scripted) -> &'static str {
    match answer.stop {
        Stop::Calls => "tool_calls",
        Stop::Length => "length",
        Stop::Filter => "content_filter",
        Stop::End | Stop::Refusal => "stop",
    }
}

fn usage() -> Value {
    let (input, out, cached) = TOKENS;
    json!({"prompt_tokens": input, "completion_tokens": out, "total_tokens": input + out,
           "prompt_tokens_details": {"cached_tokens": cached}, "completion_tokens_details": {"reasoning_tokens": 0}})
}

fn whole(answer: &Scripted) -> Value {
    let refused = answer.stop == Stop::Refusal;
    let mut message = json!({"role": "assistant", "annotations": [],
        "content": if refused || answer.text.is_empty() { Value::Null } else { json!(answer.text) },
        "refusal": if refused { json!(answer.text) } else { Value::Null }});
    if let Some(thought) = &answer.reasoning {
        message["reasoning_content"] = json!(thought);
    }
    if !answer.calls.is_empty() {
        let calls = answer.calls.iter().map(|call| {
            json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments.to_string()}})
        });
        message["tool_calls"] = calls.collect();
    }
    json!({"id": "chatcmpl-script", "object": "chat.completion", "created": 1_760_000_000, "model": answer.model,
           "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish(answer)}],
           "usage": usage(), "system_fingerprint": null})
}

fn frames(answer: &Scripted) -> Vec<String> {
    let chunk = |delta: Value, finish: Value| {
        json!({"id": "chatcmpl-script", "object": "chat.completion.chunk", "created": 1_760_000_000, "model": answer.model,
               "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}], "usage": null})
    };
    let mut chunks = vec![chunk(json!({"role": "assistant", "content": "", "refusal": null}), Value::Null)];
    for piece in answer.reasoning.as_deref().map(Scripted::pieces).unwrap_or_default() {
        chunks.push(chunk(json!({"reasoning_content": piece}), Value::Null));
    }
    let field = if answer.stop == Stop::Refusal { "refusal" } else { "content" };
    for piece in Scripted::pieces(&answer.text) {
        chunks.push(chunk(json!({field: piece}), Value::Null));
    }
    let starts = answer.calls.iter().enumerate().map(|(index, call)| {
        json!({"index": index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}})
    });
    // All calls start in one chunk and their arguments come interleaved (C3).
    if !answer.calls.is_empty() {
        chunks.push(chunk(json!({"tool_calls": starts.collect::<Vec<_>>()}), Value::Null));
    }
    let arguments: Vec<_> =
        answer.calls.iter().map(|call| Scripted::pieces(&call.arguments.to_string())).collect();
    for round in 0..arguments.iter().map(Vec::len).max().unwrap_or_default() {
        let pieces = arguments.iter().enumerate().filter_map(|(index, pieces)| {
            pieces.get(round).map(|piece| json!({"index": index, "function": {"arguments": piece}}))
        });
        chunks.push(chunk(json!({"tool_calls": pieces.collect::<Vec<_>>()}), Value::Null));
    }
    chunks.push(chunk(json!({}), json!(finish(answer))));
    let mut last = chunk(json!({}), Value::Null);
    (last["choices"], last["usage"]) = (json!([]), usage());
    chunks.push(last);
    let mut frames: Vec<_> = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
    frames.push("data: [DONE]\n\n".to_owned());
    frames
}

fn is_delta(frame: &str) -> bool {
    ["\"content\":\"", "\"refusal\":\"", "\"arguments\":\"", "\"reasoning_content\":\""]
        .iter()
        .any(|field| frame.contains(field))
        && !frame.contains("\"role\"")
}

fn error_frame() -> String {
    format!("data: {}\n\n", error(500, "server_error", "scripted failure"))
}
