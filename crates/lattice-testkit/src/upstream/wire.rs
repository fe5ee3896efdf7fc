//! What each provider's module offers to the server.

use serde_json::Value;

use super::http::Request;
use super::script::{Question, Refused, Scripted};

/// One provider's wire, as the server plays it.
pub(super) struct Wire {
    /// Checks the request as the provider does.
    pub(super) read: fn(&Request) -> Result<Question, Refused>,
    /// The answer as one JSON value.
    pub(super) whole: fn(&Scripted) -> Value,
    /// The answer as frames of an event stream.
    pub(super) frames: fn(&Scripted) -> Vec<String>,
    /// Whether a frame is a delta, which faults count.
    pub(super) is_delta: fn(&str) -> bool,
    /// The body of an error: status, class, message.
    pub(super) error: fn(u16, &str, &str) -> Value,
    /// The frame of an error in the middle of a stream.
    pub(super) error_frame: fn() -> String,
}
