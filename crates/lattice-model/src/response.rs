//! The response: what a turn becomes.

use std::sync::Arc;

use crate::item::Item;
use crate::json::{Extra, Json};
use crate::text::Text;
use crate::turn::Turn;
use crate::usage::Usage;

/// The settings that a response repeats and that hold for the whole answer: what was reported of them at its start stays. The service tier,
/// which is known only at the end, is not among them.
pub const SETTINGS: &[&str] = &[
    "instructions",
    "tools",
    "tool_choice",
    "truncation",
    "parallel_tool_calls",
    "text",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "top_logprobs",
    "temperature",
    "reasoning",
    "max_output_tokens",
    "max_tool_calls",
    "safety_identifier",
    "prompt_cache_key",
];

/// A response as it stands at one moment.
#[derive(Debug, Clone)]
pub struct Response {
    /// What was asked: the source of the settings that a response repeats. Its `input` is empty.
    pub turn: Arc<Turn>,
    /// The provider entry that answers, by its configured name.
    pub provider: Arc<str>,
    /// How far it has come.
    pub outcome: Outcome,
    /// When it ended: seconds since 1970, UTC; only for completed ones.
    pub completed_at: Option<i64>,
    /// The items that are done, in order.
    pub output: Vec<Arc<Item>>,
    /// Tokens spent, as soon as the provider told.
    pub usage: Option<Usage>,
    /// The tier that the provider used.
    pub service_tier: Option<String>,
    /// Settings in force as a provider of the same dialect reported them; they win over the turn's.
    pub settings: Arc<Extra>,
    /// What only a provider can read of the output and the client did not ask to see: ids of items, and their encrypted reasoning.
    pub state: Vec<(String, Text)>,
    /// The whole as it was written to the store, once it was: what the client gets is the same, byte by byte (D2).
    pub written: Option<Json>,
}

/// How far a response has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Being made.
    InProgress,
    /// Whole.
    Completed,
    /// Cut short.
    Incomplete(IncompleteReason),
    /// Failed.
    Failed(ErrorBody),
}

/// Why a response was cut short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncompleteReason {
    /// `max_output_tokens`.
    MaxOutputTokens,
    /// `content_filter`.
    ContentFilter,
    /// Another reason, in a provider's words.
    Other(String),
}

impl IncompleteReason {
    /// The standard's word for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::MaxOutputTokens => "max_output_tokens",
            Self::ContentFilter => "content_filter",
            Self::Other(reason) => reason,
        }
    }
}

/// An error as the client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorBody {
    /// The class, such as `invalid_request`.
    pub kind: &'static str,
    /// A stable code.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
    /// The request's field concerned, by its path.
    pub param: Option<String>,
}
