//! Anthropic Messages, answers: <https://docs.claude.com/en/api/messages> and <https://docs.claude.com/en/docs/build-with-claude/streaming>.

use serde::Deserialize;

use crate::leaf::{Raw, Str};

/// A whole message.
#[derive(Debug, Deserialize)]
pub struct Message<'a> {
    /// Its id.
    #[serde(borrow)]
    pub id: Option<Str<'a>>,
    /// What was said.
    #[serde(borrow, default)]
    pub content: Vec<Block<'a>>,
    /// Why it ended.
    #[serde(borrow)]
    pub stop_reason: Option<Str<'a>>,
    /// More on a refusal.
    #[serde(borrow)]
    pub stop_details: Option<StopDetails<'a>>,
    /// Tokens spent.
    pub usage: Option<Usage>,
}

/// An event of a stream: the fields of all kinds together.
#[derive(Debug, Deserialize)]
pub struct Event<'a> {
    /// `message_start`, `content_block_start`, `content_block_delta`, `content_block_stop`, `message_delta`, `message_stop`, `ping`, `error`.
    #[serde(borrow, rename = "type")]
    pub kind: Str<'a>,
    /// The block's number.
    pub index: Option<u32>,
    /// `message_start`
    #[serde(borrow)]
    pub message: Option<Message<'a>>,
    /// `content_block_start`
    #[serde(borrow)]
    pub content_block: Option<Block<'a>>,
    /// `content_block_delta` and `message_delta`
    #[serde(borrow)]
    pub delta: Option<Delta<'a>>,
    /// `message_delta`: totals so far.
    pub usage: Option<Usage>,
    /// `error`
    #[serde(borrow)]
    pub error: Option<ErrorBody<'a>>,
}

/// A content block: the fields of all kinds together.
#[derive(Debug, Default, Deserialize)]
pub struct Block<'a> {
    /// `text`, `thinking`, `redacted_thinking`, `tool_use`, ...
    #[serde(borrow, rename = "type")]
    pub kind: Option<Str<'a>>,
    /// `text`
    #[serde(borrow)]
    pub text: Option<Str<'a>>,
    /// `text`: what it rests on.
    #[serde(borrow)]
    pub citations: Option<Vec<Citation<'a>>>,
    /// `thinking`
    #[serde(borrow)]
    pub thinking: Option<Str<'a>>,
    /// `thinking`
    #[serde(borrow)]
    pub signature: Option<Str<'a>>,
    /// `redacted_thinking`
    #[serde(borrow)]
    pub data: Option<Str<'a>>,
    /// `tool_use`
    #[serde(borrow)]
    pub id: Option<Str<'a>>,
    /// `tool_use`
    #[serde(borrow)]
    pub name: Option<Str<'a>>,
    /// `tool_use`
    #[serde(borrow)]
    pub input: Option<Raw<'a>>,
}

/// What is new: the fields of all kinds together.
#[derive(Debug, Deserialize)]
pub struct Delta<'a> {
    /// `text_delta`, `input_json_delta`, `thinking_delta`, `signature_delta`, `citations_delta`; absent in `message_delta`.
    #[serde(borrow, rename = "type")]
    pub kind: Option<Str<'a>>,
    /// `text_delta`
    #[serde(borrow)]
    pub text: Option<Str<'a>>,
    /// `input_json_delta`
    #[serde(borrow)]
    pub partial_json: Option<Str<'a>>,
    /// `thinking_delta`
    #[serde(borrow)]
    pub thinking: Option<Str<'a>>,
    /// `signature_delta`
    #[serde(borrow)]
    pub signature: Option<Str<'a>>,
    /// `citations_delta`
    #[serde(borrow)]
    pub citation: Option<Citation<'a>>,
    /// `message_delta`
    #[serde(borrow)]
    pub stop_reason: Option<Str<'a>>,
    /// `message_delta`: more on a refusal.
    #[serde(borrow)]
    pub stop_details: Option<StopDetails<'a>>,
}

/// More on a refusal.
#[derive(Debug, Deserialize)]
pub struct StopDetails<'a> {
    /// For people.
    #[serde(borrow)]
    pub explanation: Option<Str<'a>>,
}

/// What a text rests on: the fields of all kinds together.
#[derive(Debug, Deserialize)]
pub struct Citation<'a> {
    /// The words that are cited.
    #[serde(borrow)]
    pub cited_text: Option<Str<'a>>,
    /// Which document of the request.
    pub document_index: Option<u64>,
    /// What the document is called.
    #[serde(borrow)]
    pub document_title: Option<Str<'a>>,
    /// Web search results: where.
    #[serde(borrow)]
    pub url: Option<Str<'a>>,
    /// Web search results: what it is called.
    #[serde(borrow)]
    pub title: Option<Str<'a>>,
}

/// An error.
#[derive(Debug, Deserialize)]
pub struct ErrorBody<'a> {
    /// Such as `overloaded_error`.
    #[serde(borrow, rename = "type")]
    pub kind: Option<Str<'a>>,
    /// For people.
    #[serde(borrow)]
    pub message: Option<Str<'a>>,
}

/// Tokens: totals, each absent where it is not known yet.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Neither read from nor written to the cache.
    pub input_tokens: Option<u64>,
    /// Written to the cache.
    pub cache_creation_input_tokens: Option<u64>,
    /// Read from the cache.
    pub cache_read_input_tokens: Option<u64>,
    /// All output.
    pub output_tokens: Option<u64>,
    /// What the output consists of.
    pub output_tokens_details: Option<OutputDetails>,
}

/// What the output consists of.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct OutputDetails {
    /// Thinking.
    pub thinking_tokens: Option<u64>,
}

/// What `count_tokens` answers.
#[derive(Debug, serde::Deserialize)]
pub struct CountedTokens {
    /// The tokens of the input.
    pub input_tokens: u64,
}
