//! Error answers: <https://docs.claude.com/en/api/errors>.

use http::HeaderMap;
use serde_json::Value;

use crate::fault::{Fault, FaultKind};

pub(super) fn fault(status: u16, headers: &HeaderMap, body: &[u8]) -> Fault {
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let word = |key: &str| parsed.pointer(&format!("/error/{key}")).and_then(Value::as_str);
    let message = word("message");
    let mut fault = Fault::of_status(status, headers, body, message);
    if fault.kind == FaultKind::InvalidRequest
        && message.is_some_and(|message| message.contains("prompt is too long"))
    {
        fault.code = Some("context_length_exceeded".to_owned());
    }
    if word("type") == Some("overloaded_error") {
        fault.kind = FaultKind::Overloaded;
    }
    fault
}
