//! Chat Completions, answers: <https://platform.openai.com/docs/api-reference/chat>. Chunks of a stream and whole
//! completions differ only in `delta` and `message`.

use serde::Deserialize;

use crate::leaf::{Raw, Str};

/// A completion, or a chunk of one.
#[derive(Debug, Deserialize)]
pub struct Completion<'a> {
    /// Its id.
    #[serde(borrow)]
    pub id: Option<Str<'a>>,
    /// One choice was asked for; a chunk may have none.
    #[serde(borrow, default)]
    pub choices: Option<Vec<Choice<'a>>>,
    /// Tokens spent; in a stream in a chunk of its own, after the last choice.
    pub usage: Option<Usage>,
    /// The tier that was used.
    #[serde(borrow)]
    pub service_tier: Option<Raw<'a>>,
    /// Some servers report a failure in mid-stream so.
    #[serde(borrow)]
    pub error: Option<Raw<'a>>,
}

/// A choice.
#[derive(Debug, Deserialize)]
pub struct Choice<'a> {
    /// Its number.
    pub index: Option<u32>,
    /// In a stream: what is new.
    #[serde(borrow)]
    pub delta: Option<Message<'a>>,
    /// In a whole completion.
    #[serde(borrow)]
    pub message: Option<Message<'a>>,
    /// `stop`, `length`, `tool_calls`, `content_filter`, `function_call`.
    #[serde(borrow)]
    pub finish_reason: Option<Str<'a>>,
    /// Log probabilities.
    #[serde(borrow)]
    pub logprobs: Option<Logprobs<'a>>,
}

/// A message, or a piece of one.
#[derive(Debug, Default, Deserialize)]
pub struct Message<'a> {
    /// A text; with some servers a list of parts.
    #[serde(borrow)]
    pub content: Option<Raw<'a>>,
    /// A refusal.
    #[serde(borrow)]
    pub refusal: Option<Str<'a>>,
    /// Thoughts, as `DeepSeek`, vLLM, xAI and others show them.
    #[serde(borrow)]
    pub reasoning_content: Option<Str<'a>>,
    /// Thoughts, as Groq, `OpenRouter` and others show them.
    #[serde(borrow)]
    pub reasoning: Option<Raw<'a>>,
    /// Calls.
    #[serde(borrow)]
    pub tool_calls: Option<Vec<ToolCall<'a>>>,
    /// The call of the API's first years.
    #[serde(borrow)]
    pub function_call: Option<Function<'a>>,
    /// Citations.
    #[serde(borrow)]
    pub annotations: Option<Vec<Annotation<'a>>>,
}

/// A call, or a piece of one.
#[derive(Debug, Default, Deserialize)]
pub struct ToolCall<'a> {
    /// Which call a piece belongs to.
    pub index: Option<u32>,
    /// Its id; in a stream only in its first piece.
    #[serde(borrow)]
    pub id: Option<Str<'a>>,
    /// What is called.
    #[serde(borrow)]
    pub function: Option<Function<'a>>,
}

/// What is called.
#[derive(Debug, Default, Deserialize)]
pub struct Function<'a> {
    /// The function.
    #[serde(borrow)]
    pub name: Option<Str<'a>>,
    /// JSON written as a text; an object with some servers.
    #[serde(borrow)]
    pub arguments: Option<Raw<'a>>,
}

/// Log probabilities.
#[derive(Debug, Deserialize)]
pub struct Logprobs<'a> {
    /// Those of the content's tokens.
    #[serde(borrow)]
    pub content: Option<Raw<'a>>,
}

/// A citation.
#[derive(Debug, Deserialize)]
pub struct Annotation<'a> {
    /// `url_citation`
    #[serde(borrow)]
    pub url_citation: Option<UrlCitation<'a>>,
}

/// A source with an address.
#[derive(Debug, Deserialize)]
pub struct UrlCitation<'a> {
    /// First character that it backs.
    #[serde(default)]
    pub start_index: u64,
    /// One past the last character.
    #[serde(default)]
    pub end_index: u64,
    /// Where it is.
    #[serde(borrow)]
    pub url: Option<Str<'a>>,
    /// What it is called.
    #[serde(borrow)]
    pub title: Option<Str<'a>>,
}

/// `usage`
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// All input tokens.
    pub prompt_tokens: u64,
    /// All output tokens.
    pub completion_tokens: u64,
    /// What the input consists of.
    pub prompt_tokens_details: Option<PromptDetails>,
    /// What the output consists of.
    pub completion_tokens_details: Option<CompletionDetails>,
    /// `DeepSeek`: read from the cache.
    pub prompt_cache_hit_tokens: Option<u64>,
}

/// `usage.prompt_tokens_details`
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct PromptDetails {
    /// Read from the cache.
    pub cached_tokens: Option<u64>,
    /// Written to the cache.
    pub cache_write_tokens: Option<u64>,
    /// Audio.
    pub audio_tokens: Option<u64>,
}

/// `usage.completion_tokens_details`
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct CompletionDetails {
    /// Reasoning.
    pub reasoning_tokens: Option<u64>,
    /// Audio.
    pub audio_tokens: Option<u64>,
}
