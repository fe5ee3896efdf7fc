//! Google's Gemini API and Vertex AI.
//! <https://ai.google.dev/api/generate-content>

use serde_json::{Value, json};

use super::http::Request;
use super::script::{Question, Refused, SIGNATURE, Scripted, Stop, TOKENS, demand, known, list, text};
use super::token;
use super::wire::Wire;

pub(super) const WIRE: Wire = Wire { read, whole, frames, is_delta, error, error_frame };
pub(super) const VERTEX: Wire = Wire { read: read_vertex, ..WIRE };

const FIELDS: &str = "contents systemInstruction system_instruction tools toolConfig tool_config safetySettings generationConfig \
    generation_config cachedContent labels serviceTier store";
const SETTINGS: &str = "stopSequences responseMimeType responseModalities responseSchema responseJsonSchema _responseJsonSchema temperature \
    topP topK maxOutputTokens candidateCount seed presencePenalty frequencyPenalty responseLogprobs logprobs thinkingConfig \
    mediaResolution speechConfig imageConfig audioTimestamp routingConfig enableEnhancedCivicAnswers";
/// What Google's documentation offers to histories that have lost the signature.
const PLACEHOLDER: &str = "skip_thought_signature_validator";

fn read(request: &Request) -> Result<Question, Refused> {
    let key = request.header("x-goog-api-key").or_else(|| request.parameter("key"));
    key.filter(|key| !key.is_empty()).ok_or_else(Refused::key)?;
    question(request)
}

fn read_vertex(request: &Request) -> Result<Question, Refused> {
    let keyed = request.header("x-goog-api-key").is_some();
    if !keyed && request.bearer() != Some(token::GOOGLE) {
        return Err(Refused::key());
    }
    let whole = request.path.contains("/projects/") && request.path.contains("/locations/");
    demand(keyed || whole, || "the path lacks the project or the location".to_owned())?;
    question(request)
}

fn question(request: &Request) -> Result<Question, Refused> {
    let (_, rest) = request.path.rsplit_once("models/").unwrap_or_default();
    let (model, method) = rest.split_once(':').unwrap_or_default();
    let stream = method == "streamGenerateContent";
    demand(stream || method == "generateContent", || format!("the method {method} is not known"))?;
    demand(!stream || request.parameter("alt") == Some("sse"), || "alt=sse is needed".to_owned())?;
    let body = request.json();
    known(&body, FIELDS, "body")?;
    let settings = &body["generationConfig"];
    if !settings.is_null() {
        known(settings, SETTINGS, "generationConfig")?;
    }
    let schema = ["responseJsonSchema", "responseSchema", "_responseJsonSchema"]
        .iter()
        .any(|field| settings[*field].is_object());
    demand(!schema || settings["responseMimeType"] == "application/json", || {
        "responseMimeType: needed with a schema".to_owned()
    })?;
    let mut question = Question { model: model.to_owned(), stream, schema, ..Question::default() };
    tools(&body, &mut question)?;
    let contents = list(&body["contents"]);
    demand(!contents.is_empty(), || "contents is not specified".to_owned())?;
    self::contents(contents, &mut question)?;
    Ok(question)
}

fn tools(body: &Value, question: &mut Question) -> Result<(), Refused> {
    for tool in list(&body["tools"]) {
        known(tool, "functionDeclarations googleSearch codeExecution urlContext", "tools[]")?;
        for function in list(&tool["functionDeclarations"]) {
            let fields =
                "name description parameters parametersJsonSchema response responseJsonSchema behavior";
            known(function, fields, "functionDeclarations[]")?;
            let both = function["parameters"].is_object() && function["parametersJsonSchema"].is_object();
            demand(!both, || "parameters and parametersJsonSchema exclude each other".to_owned())?;
            question.tools.push(text(function, "name", "functionDeclarations[]")?.to_owned());
        }
    }
    let choice = &body["toolConfig"]["functionCallingConfig"];
    if choice.is_null() {
        return Ok(());
    }
    known(choice, "mode allowedFunctionNames", "functionCallingConfig")?;
    let allowed: Vec<_> = list(&choice["allowedFunctionNames"]).iter().filter_map(Value::as_str).collect();
    let mode = choice["mode"].as_str().unwrap_or_default();
    demand(allowed.is_empty() || matches!(mode, "ANY" | "VALIDATED"), || {
        "allowedFunctionNames needs mode ANY".to_owned()
    })?;
    if !allowed.is_empty() {
        question.tools.retain(|tool| allowed.contains(&tool.as_str()));
    }
    match mode {
        "NONE" => question.tools.clear(),
        "ANY" => question.forced = question.tools.first().cloned(),
        "AUTO" | "VALIDATED" => {}
        _ => return Err(Refused::invalid(format!("functionCallingConfig.mode: {mode} is not known"))),
    }
    Ok(())
}

fn contents(contents: &[Value], question: &mut Question) -> Result<(), Refused> {
    let mut open: Vec<String> = Vec::new();
    for (index, content) in contents.iter().enumerate() {
        let place = format!("contents[{index}]");
        known(content, "role parts", &place)?;
        let parts = list(&content["parts"]);
        demand(!parts.is_empty(), || format!("{place}.parts: must not be empty"))?;
        match content["role"].as_str() {
            Some("user") => user(parts, &place, &mut open, question)?,
            Some("model") => model(parts, &place, &mut open, question)?,
            role => {
                return Err(Refused::invalid(format!("Please use a valid role: user, model. Got {role:?}")));
            }
        }
    }
    demand(open.is_empty(), || format!("function calls without a response: {}", open.join(", ")))
}

fn user(
    parts: &[Value],
    place: &str,
    open: &mut Vec<String>,
    question: &mut Question,
) -> Result<(), Refused> {
    let (mut results, mut said) = (Vec::new(), String::new());
    for part in parts {
        if let Some(response) = part["functionResponse"].as_object() {
            let name = text(&part["functionResponse"], "name", place)?;
            let at = open.iter().position(|open| open == name);
            let at = at.ok_or_else(|| {
                Refused::invalid(format!("{place}: a response to {name}, which was not called"))
            })?;
            open.remove(at);
            let response = response.get("response").unwrap_or(&Value::Null);
            demand(response.is_object(), || format!("{place}: functionResponse.response must be an object"))?;
            results.push(response.to_string());
        } else if part["inlineData"].is_object() {
            text(&part["inlineData"], "mimeType", place)?;
            text(&part["inlineData"], "data", place)?;
            question.images += 1;
        } else if part["fileData"].is_object() {
            question.images += 1;
        } else {
            said.push_str(
                part["text"]
                    .as_str()
                    .ok_or_else(|| Refused::invalid(format!("{place}: a part without data")))?,
            );
        }
    }
    demand(open.is_empty(), || {
        format!(
            "{place}: the number of function response parts must equal the number of function call parts; missing {}",
            open.join(", ")
        )
    })?;
    question.results = results;
    question.last_text = said;
    Ok(())
}

fn model(
    parts: &[Value],
    place: &str,
    open: &mut Vec<String>,
    question: &mut Question,
) -> Result<(), Refused> {
    let mut first_call = true;
    for part in parts {
        let signature = part["thoughtSignature"].as_str();
        demand(signature.is_none_or(|signature| signature == SIGNATURE || signature == PLACEHOLDER), || {
            format!("{place}: Thought signature is not valid")
        })?;
        question.replayed |= signature == Some(SIGNATURE);
        if part["functionCall"].is_object() {
            demand(
                part["functionCall"]["args"].is_object() || part["functionCall"]["args"].is_null(),
                || format!("{place}: functionCall.args must be an object"),
            )?;
            // Models that sign want the first call of a turn signed.
            demand(!first_call || signature.is_some() || !question.model.contains("reasoning"), || {
                format!("{place}: Function call is missing a thought_signature in functionCall parts")
            })?;
            first_call = false;
            open.push(text(&part["functionCall"], "name", place)?.to_owned());
        }
    }
    Ok(())
}

fn parts(answer: &Scripted) -> Vec<Value> {
    let mut parts = Vec::new();
    if let Some(thought) = &answer.reasoning {
        parts.push(json!({"text": thought, "thought": true}));
    }
    let mut unsigned = answer.reasoning.is_some();
    let mut sign = |part: &mut Value| {
        if std::mem::take(&mut unsigned) {
            part["thoughtSignature"] = json!(SIGNATURE);
        }
    };
    if !answer.text.is_empty() {
        let mut part = json!({"text": answer.text});
        sign(&mut part);
        parts.push(part);
    }
    for call in &answer.calls {
        // Calls have no ids here, as recorded (C3).
        let mut part = json!({"functionCall": {"name": call.name, "args": call.arguments}});
        sign(&mut part);
        parts.push(part);
    }
    parts
}

fn finish(answer: &Scripted) -> &'static str {
    match answer.stop {
        Stop::End | Stop::Calls => "STOP",
        Stop::Length => "MAX_TOKENS",
        Stop::Filter => "SAFETY",
        Stop::Refusal => "PROHIBITED_CONTENT",
    }
}

fn body(answer: &Scripted, parts: &[Value], finish: &Value) -> Value {
    let (input, out, cached) = TOKENS;
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": 0});
    if !finish.is_null() {
        candidate["finishReason"] = finish.clone();
    }
    json!({"candidates": [candidate], "modelVersion": answer.model, "responseId": "response_script",
           "usageMetadata": {"promptTokenCount": input, "cachedContentTokenCount": cached, "candidatesTokenCount": out,
                             "totalTokenCount": input + out}})
}

fn whole(answer: &Scripted) -> Value {
    body(answer, &parts(answer), &json!(finish(answer)))
}

fn frames(answer: &Scripted) -> Vec<String> {
    let mut chunks = Vec::new();
    for part in parts(answer) {
        let Some(said) = part["text"].as_str() else {
            chunks.push(part);
            continue;
        };
        for piece in Scripted::pieces(said) {
            let mut chunk = json!({"text": piece});
            if part["thought"] == true {
                chunk["thought"] = json!(true);
            }
            chunks.push(chunk);
        }
        // A text's signature comes in a last part without text, as recorded.
        if let Some(signature) = part["thoughtSignature"].as_str() {
            chunks.push(json!({"text": "", "thoughtSignature": signature}));
        }
    }
    let last = chunks.len().saturating_sub(1);
    let frame = |(index, part): (usize, &Value)| {
        let finish = if index == last { json!(finish(answer)) } else { Value::Null };
        format!("data: {}\r\n\r\n", body(answer, std::slice::from_ref(part), &finish))
    };
    chunks.iter().enumerate().map(frame).collect()
}

fn is_delta(frame: &str) -> bool {
    frame.contains("\"parts\"")
}

fn error(status: u16, _: &str, message: &str) -> Value {
    let name = match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        _ => "UNAVAILABLE",
    };
    let mut error = json!({"error": {"code": status, "message": message, "status": name}});
    if status == 429 {
        error["error"]["details"] =
            json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}]);
    }
    error
}

fn error_frame() -> String {
    format!("data: {}\r\n\r\n", error(503, "", "scripted failure"))
}
