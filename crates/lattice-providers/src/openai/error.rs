//! Error answers: `{"error": {"message", "type", "param", "code"}}`.

use http::HeaderMap;
use serde_json::Value;

use crate::fault::{Fault, FaultKind};

/// What an error answer means. Azure and most compatible servers use the same envelope.
pub(crate) fn fault(status: u16, headers: &HeaderMap, body: &[u8]) -> Fault {
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    // Some servers wrap the object in a list, or leave the `error` level out.
    let error = parsed.get("error").or_else(|| parsed.pointer("/0/error")).unwrap_or(&parsed);
    let word = |key: &str| error.get(key).and_then(Value::as_str).filter(|word| !word.is_empty());
    let message = word("message").or_else(|| error.as_str());
    let code = word("code").filter(|code| !is_number(code)).or_else(|| word("type"));
    // An unknown model is a 404 on one path and a 400 on the other.
    let status = if status == 400 && code == Some("model_not_found") { 404 } else { status };
    let mut fault = Fault::of_status(status, headers, body, message);
    if matches!(fault.kind, FaultKind::InvalidRequest | FaultKind::NotFound | FaultKind::RateLimited) {
        fault.code = code.filter(|code| *code != "invalid_request_error").map(str::to_owned);
    }
    if fault.kind == FaultKind::InvalidRequest {
        fault.param = word("param").map(str::to_owned);
        if code == Some("context_length_exceeded") || message.is_some_and(is_context_length) {
            fault.code = Some("context_length_exceeded".to_owned());
        }
    }
    fault
}

/// Some servers repeat the status where the code belongs.
fn is_number(code: &str) -> bool {
    code.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_context_length(message: &str) -> bool {
    message.contains("context window") || message.contains("maximum context length")
}
