//! Error answers: `{"error": {"code", "message", "status", "details"}}`, also as the only element of a list.
//! <https://cloud.google.com/apis/design/errors>

use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

use crate::fault::{Fault, FaultKind};

/// What an error answer means.
pub(crate) fn fault(status: u16, headers: &HeaderMap, body: &[u8]) -> Fault {
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = parsed.get("error").or_else(|| parsed.pointer("/0/error")).unwrap_or(&Value::Null);
    let message = error.get("message").and_then(Value::as_str);
    let details = error.get("details").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let bad_key = details.iter().any(|detail| {
        let reason = detail.get("reason").and_then(Value::as_str).unwrap_or_default();
        matches!(reason, "API_KEY_INVALID" | "API_KEY_EXPIRED" | "API_KEY_SERVICE_BLOCKED")
    });
    // A bad key is a 400 here; so is a project that may not use the API.
    let precondition = error.get("status").and_then(Value::as_str) == Some("FAILED_PRECONDITION");
    let meant = if status == 400 && (bad_key || precondition) { 401 } else { status };
    let mut fault = Fault::of_status(meant, headers, body, message);
    fault.retry_after = fault.retry_after.or_else(|| details.iter().find_map(retry_delay));
    if fault.kind == FaultKind::InvalidRequest && message.is_some_and(is_context_length) {
        fault.code = Some("context_length_exceeded".to_owned());
    }
    fault
}

/// `RetryInfo.retryDelay`, such as `"48s"` or `"48.9s"`.
fn retry_delay(detail: &Value) -> Option<Duration> {
    let seconds = detail.get("retryDelay")?.as_str()?.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn is_context_length(message: &str) -> bool {
    message.contains("exceeds the maximum number of tokens") || message.contains("input context is too long")
}
