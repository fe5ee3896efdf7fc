//! How an answer ends, and what its signatures were on.

use lattice_model::{End, Fault, FaultKind, IncompleteReason};
use lattice_wire::Raw;

use super::MEANINGS;

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
pub(super) fn of(reason: &str) -> Option<End> {
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
        | "MALFORMED_RESPONSE" => {
            let message = match reason {
                "MALFORMED_FUNCTION_CALL" => "the model made a function call that is not valid; try again",
                "UNEXPECTED_TOOL_CALL" => "the model called a tool that it was not offered; try again",
                "TOO_MANY_TOOL_CALLS" => "the model called too many tools in a row",
                "MISSING_THOUGHT_SIGNATURE" => {
                    "the conversation lacks a thought signature; replay the items as they were answered"
                }
                _ => "the model made an answer that is not valid; try again",
            };
            let fault = Fault::new(FaultKind::Model).with_code(reason.to_ascii_lowercase());
            End::Failed(fault.with_message(message))
        }
        other => End::Incomplete(IncompleteReason::Other(other.to_ascii_lowercase())),
    })
}

/// An error in the middle of a stream.
pub(super) fn failed(error: Raw<'_>) -> End {
    End::Failed(MEANINGS.of_value(&serde_json::from_str(error.0.get()).unwrap_or_default()))
}
