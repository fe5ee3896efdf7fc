//! A turn: one request of a client, checked, in no dialect.

use crate::item::Item;
use crate::json::{Extra, Json};
use crate::text::Text;
use crate::tool::{Tool, ToolChoice};

/// One request of a client.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Id of the response that is to be made: `resp_` and 32 hexadecimal digits.
    pub id: String,
    /// When the request arrived: seconds since 1970, UTC.
    pub created_at: i64,
    /// The model as the client named it.
    pub model: String,
    /// The provider that the client asked for by name, if any.
    pub provider: Option<String>,
    /// The system prompt of this turn.
    pub instructions: Option<Text>,
    /// The conversation so far and what is new.
    pub input: Vec<Item>,
    /// What the model may call.
    pub tools: Vec<Tool>,
    /// Which of them it may or must call; `None` when the client said nothing.
    pub tool_choice: Option<ToolChoice>,
    /// Whether several calls may be made at once.
    pub parallel_tool_calls: Option<bool>,
    /// At most so many calls of tools that the provider runs itself.
    pub max_tool_calls: Option<u64>,
    /// At most so many output tokens, reasoning included.
    pub max_output_tokens: Option<u64>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// How much to think and what to show of it.
    pub reasoning: Option<ReasoningSettings>,
    /// The form of the answer.
    pub format: Format,
    /// `low`, `medium` or `high`.
    pub verbosity: Option<String>,
    /// What the answer should hold beyond the usual.
    pub include: Include,
    /// `auto` or `disabled`.
    pub truncation: Option<String>,
    /// `auto`, `default`, `flex` or `priority`.
    pub service_tier: Option<String>,
    /// Groups requests that share a prefix.
    pub prompt_cache_key: Option<Text>,
    /// Stable, anonymous id of the end user.
    pub safety_identifier: Option<Text>,
    /// The client's own notes: an object of strings, returned with the response.
    pub metadata: Option<Json>,
    /// Whether events are wanted.
    pub stream: bool,
    /// Whether deltas are padded against listeners; `None` when the client said nothing.
    pub obfuscation: Option<bool>,
    /// Top-level fields that the standard does not know.
    pub extra: Extra,
}

/// How tokens are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sampling {
    /// 0 to 2.
    pub temperature: Option<f64>,
    /// 0 to 1.
    pub top_p: Option<f64>,
    /// -2 to 2.
    pub presence_penalty: Option<f64>,
    /// -2 to 2.
    pub frequency_penalty: Option<f64>,
    /// How many alternatives to report for each token, 0 to 20.
    pub top_logprobs: Option<u64>,
}

/// How much to think and what to show of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReasoningSettings {
    /// `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`.
    pub effort: Option<String>,
    /// `auto`, `concise` or `detailed`.
    pub summary: Option<String>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// The form of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Format {
    /// Free text; also when the client said nothing.
    #[default]
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that follows a schema.
    JsonSchema {
        /// What the schema is called: 1 to 64 of `a-zA-Z0-9_-`.
        name: String,
        /// What it is for.
        description: Option<Text>,
        /// The schema: an object.
        schema: Json,
        /// Whether to follow it to the letter.
        strict: Option<bool>,
    },
}

/// What the answer should hold beyond the usual.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Include {
    /// `reasoning.encrypted_content`.
    pub encrypted_reasoning: bool,
    /// `message.output_text.logprobs`.
    pub logprobs: bool,
    /// Values that the standard does not know.
    pub other: Vec<String>,
}
