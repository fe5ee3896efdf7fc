//! A turn: one request of a client, checked, in no dialect.

use std::sync::Arc;

use crate::item::Item;
use crate::json::{Extra, Json};
use crate::path::Path;
use crate::text::Text;
use crate::tool::{Tool, ToolChoice};
use crate::word::words;

/// One request of a client. [`Turn::new`] asks for nothing; what the client said is set on it.
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
    /// What was said before, from the store; the caller did not send it.
    pub history: Vec<Arc<Item>>,
    /// What the caller sent.
    pub input: Vec<Item>,
    /// Whether the response is to be kept.
    pub store: bool,
    /// How long it is to be kept, in seconds from its creation, where the client said so; 0 for as long as it is not deleted.
    pub expires_after: Option<u64>,
    /// The stored response that this turn goes on from.
    pub previous_response_id: Option<String>,
    /// The stored conversation that this turn goes on with and is added to.
    pub conversation: Option<String>,
    /// What the model may call.
    pub tools: Vec<Tool>,
    /// Which of them it may or must call; `None` when the client said nothing.
    pub tool_choice: Option<ToolChoice>,
    /// Whether several calls may be made at once.
    pub parallel_tool_calls: Option<bool>,
    /// At most this many calls of tools that the provider runs itself.
    pub max_tool_calls: Option<u64>,
    /// At most this many output tokens, reasoning included.
    pub max_output_tokens: Option<u64>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// How much to think and what to show of it.
    pub reasoning: Option<ReasoningSettings>,
    /// The form of the answer.
    pub format: Format,
    /// How long the answer should be.
    pub verbosity: Option<Verbosity>,
    /// What the answer should hold beyond the usual.
    pub include: Include,
    /// What to do with more input than fits.
    pub truncation: Option<Truncation>,
    /// How fast and how dear the answer may be.
    pub service_tier: Option<ServiceTier>,
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

/// One item of a turn, and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The item.
    pub item: &'a Item,
    /// Where the caller finds it.
    pub path: Path<'static>,
}

impl Turn {
    /// A turn that asks `model` to go on from `input`, and for nothing else.
    pub fn new(id: String, created_at: i64, model: String, input: Vec<Item>) -> Self {
        Self {
            id,
            created_at,
            model,
            provider: None,
            instructions: None,
            history: Vec::new(),
            input,
            store: false,
            expires_after: None,
            previous_response_id: None,
            conversation: None,
            tools: Vec::new(),
            tool_choice: None,
            parallel_tool_calls: None,
            max_tool_calls: None,
            max_output_tokens: None,
            sampling: Sampling::default(),
            reasoning: None,
            format: Format::Text,
            verbosity: None,
            include: Include::default(),
            truncation: None,
            service_tier: None,
            prompt_cache_key: None,
            safety_identifier: None,
            metadata: None,
            stream: false,
            obfuscation: None,
            extra: Extra::new(),
        }
    }

    /// Whether reasoning is wanted in the form that only its provider can read: by the client, or by the store, for the turns that follow.
    pub fn keeps_reasoning(&self) -> bool {
        self.include.encrypted_reasoning || self.store
    }

    /// The conversation: what was said before, and what is new.
    pub fn items(&self) -> impl DoubleEndedIterator<Item = Said<'_>> + Clone {
        let before = self.history.iter().map(|item| Said { item, path: Path::Stored });
        before.chain(self.input.iter().enumerate().map(|(at, item)| Said { item, path: Path::Input(at) }))
    }
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

words! {
    /// How much to think.
    Effort {
        /// Not at all.
        None = "none",
        /// As little as the model can.
        Minimal = "minimal",
        /// Little.
        Low = "low",
        /// As usual.
        Medium = "medium",
        /// Much.
        High = "high",
        /// More than that.
        XHigh = "xhigh",
        /// As much as the model can.
        Max = "max",
    }

    /// How much of the thoughts to show, summed up.
    SummaryDetail {
        /// As the provider thinks best.
        Auto = "auto",
        /// A few words.
        Concise = "concise",
        /// Many words.
        Detailed = "detailed",
    }

    /// How long an answer should be.
    Verbosity {
        /// Short.
        Low = "low",
        /// As usual.
        Medium = "medium",
        /// Long.
        High = "high",
    }

    /// What to do with more input than fits.
    Truncation {
        /// Leave out what is oldest.
        Auto = "auto",
        /// Fail.
        Disabled = "disabled",
    }

    /// How fast and how dear an answer may be.
    ServiceTier {
        /// As the operator's account is set.
        Auto = "auto",
        /// The usual.
        Default = "default",
        /// Slower and cheaper.
        Flex = "flex",
        /// Faster and dearer.
        Priority = "priority",
        /// From capacity bought before.
        Scale = "scale",
    }
}

/// How much to think and what to show of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReasoningSettings {
    /// How much to think.
    pub effort: Option<Effort>,
    /// How much of it to show.
    pub summary: Option<SummaryDetail>,
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
