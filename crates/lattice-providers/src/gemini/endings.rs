//! How an answer ends, and what its signatures were on.

use lattice_model::{End, Failure, IncompleteReason};
use lattice_wire::Raw;
use serde_json::Value;

use crate::fault::safe;

/// The signature of the thought that the item holds.
pub(super) const THOUGHT: &str = "thought.";

/// The signature of the text of the message before the item.
pub(super) const TEXT: &str = "text.";

/// A signature on a part of its own.
pub(super) const PART: &str = "part.";

/// The prompt was blocked.
pub(super) fn blocked() -> End {
    End::Incomplete(IncompleteReason::ContentFilter)
}

/// The end that a `finishReason` stands for (C4): <https://ai.google.dev/api/generate-content#FinishReason>.
pub(super) fn of(reason: &str, said: &str) -> Option<End> {
    Some(match reason {
        "" | "FINISH_REASON_UNSPECIFIED" => return None,
        "STOP" => End::Completed,
        "MAX_TOKENS" => End::Incomplete(IncompleteReason::MaxOutputTokens),
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "MODEL_ARMOR"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => End::Incomplete(IncompleteReason::ContentFilter),
        "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE"
        | "MALFORMED_RESPONSE" => End::Failed(Failure {
            code: reason.to_ascii_lowercase(),
            message: match reason {
                "MALFORMED_FUNCTION_CALL" => "the model made a function call that is not valid; try again",
                "UNEXPECTED_TOOL_CALL" => "the model called a tool that it was not offered; try again",
                "TOO_MANY_TOOL_CALLS" => "the model called too many tools in a row",
                "MISSING_THOUGHT_SIGNATURE" => {
                    "the conversation lacks a thought signature; replay the items as they were answered"
                }
                _ => "the model made an answer that is not valid; try again",
            }
            .to_owned(),
            detail: said.chars().take(2000).collect(),
        }),
        other => End::Incomplete(IncompleteReason::Other(other.to_ascii_lowercase())),
    })
}

/// An error in the middle of a stream.
pub(super) fn failure(error: Raw<'_>) -> Failure {
    let error: Value = serde_json::from_str(error.0.get()).unwrap_or_default();
    let word = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
    let code = match word("status") {
        "RESOURCE_EXHAUSTED" => "rate_limit_exceeded",
        _ => "server_error",
    };
    let message = safe(word("message"));
    let message = if message.is_empty() { "the provider failed".to_owned() } else { message };
    Failure { code: code.to_owned(), message, detail: error.to_string().chars().take(2000).collect() }
}
