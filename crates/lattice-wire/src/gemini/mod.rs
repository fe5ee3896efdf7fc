//! Gemini's `GenerateContentResponse`, the same for the Gemini API and Vertex AI, whole and as an event of a stream:
//! <https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse>.

use serde::Deserialize;

use crate::leaf::{Raw, Str};

/// An answer, or a piece of one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response<'a> {
    /// One candidate is asked for; a blocked prompt has none.
    #[serde(borrow)]
    pub candidates: Option<Vec<Candidate<'a>>>,
    /// What was found wrong with the prompt.
    #[serde(borrow)]
    pub prompt_feedback: Option<PromptFeedback<'a>>,
    /// Tokens spent so far: totals.
    #[serde(borrow)]
    pub usage_metadata: Option<UsageMetadata<'a>>,
    /// Its id.
    #[serde(borrow)]
    pub response_id: Option<Str<'a>>,
    /// A failure in the middle of a stream.
    #[serde(borrow)]
    pub error: Option<Raw<'a>>,
}

/// `promptFeedback`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PromptFeedback<'a> {
    /// Why the prompt was blocked.
    #[serde(borrow)]
    pub block_reason: Option<Str<'a>>,
}

/// A candidate.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate<'a> {
    /// Its number.
    pub index: Option<u32>,
    /// What is new.
    #[serde(borrow)]
    pub content: Option<Content<'a>>,
    /// Why it ended.
    #[serde(borrow)]
    pub finish_reason: Option<Str<'a>>,
    /// More about that, in words.
    #[serde(borrow)]
    pub finish_message: Option<Str<'a>>,
    /// Log probabilities.
    #[serde(borrow)]
    pub logprobs_result: Option<LogprobsResult<'a>>,
    /// Recited sources.
    #[serde(borrow)]
    pub citation_metadata: Option<CitationMetadata<'a>>,
    /// Sources that were searched.
    #[serde(borrow)]
    pub grounding_metadata: Option<GroundingMetadata<'a>>,
}

/// `content`
#[derive(Debug, Deserialize)]
pub struct Content<'a> {
    /// The parts.
    #[serde(borrow)]
    pub parts: Option<Vec<Part<'a>>>,
}

/// A part: text, a thought, a call or data.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part<'a> {
    /// Text.
    #[serde(borrow)]
    pub text: Option<Str<'a>>,
    /// Whether the text is a thought.
    pub thought: Option<bool>,
    /// What has to come back on this very part.
    #[serde(borrow)]
    pub thought_signature: Option<Str<'a>>,
    /// A call.
    #[serde(borrow)]
    pub function_call: Option<FunctionCall<'a>>,
    /// Data, such as an image.
    #[serde(borrow)]
    pub inline_data: Option<InlineData<'a>>,
}

/// A call.
#[derive(Debug, Deserialize)]
pub struct FunctionCall<'a> {
    /// Its id; older models give none.
    #[serde(borrow)]
    pub id: Option<Str<'a>>,
    /// The function.
    #[serde(borrow)]
    pub name: Option<Str<'a>>,
    /// An object.
    #[serde(borrow)]
    pub args: Option<Raw<'a>>,
}

/// Data.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InlineData<'a> {
    /// Such as `image/png`.
    #[serde(borrow)]
    pub mime_type: Option<Raw<'a>>,
    /// In base64.
    #[serde(borrow)]
    pub data: Option<Raw<'a>>,
}

/// `logprobsResult`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogprobsResult<'a> {
    /// The tokens that were drawn.
    #[serde(borrow)]
    pub chosen_candidates: Option<Vec<TokenLogprob<'a>>>,
    /// For each of them, what else could have been.
    #[serde(borrow)]
    pub top_candidates: Option<Vec<TopCandidates<'a>>>,
}

/// Alternatives for one token.
#[derive(Debug, Deserialize)]
pub struct TopCandidates<'a> {
    /// By falling probability.
    #[serde(borrow)]
    pub candidates: Option<Vec<TokenLogprob<'a>>>,
}

/// A token.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenLogprob<'a> {
    /// Its text.
    #[serde(borrow)]
    pub token: Option<Str<'a>>,
    /// Its log probability.
    pub log_probability: Option<f64>,
}

/// `citationMetadata`: the Gemini API calls the list `citationSources`, Vertex AI `citations`.
#[derive(Debug, Deserialize)]
pub struct CitationMetadata<'a> {
    /// The sources.
    #[serde(borrow, alias = "citationSources")]
    pub citations: Option<Vec<Citation<'a>>>,
}

/// A recited source. Indices are bytes of the answer's text.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Citation<'a> {
    /// First byte.
    pub start_index: Option<usize>,
    /// One past the last byte.
    pub end_index: Option<usize>,
    /// Where it is.
    #[serde(borrow)]
    pub uri: Option<Str<'a>>,
    /// What it is called.
    #[serde(borrow)]
    pub title: Option<Str<'a>>,
}

/// `groundingMetadata`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroundingMetadata<'a> {
    /// The sources.
    #[serde(borrow)]
    pub grounding_chunks: Option<Vec<GroundingChunk<'a>>>,
    /// Which text rests on which of them.
    pub grounding_supports: Option<Vec<GroundingSupport>>,
}

/// A source.
#[derive(Debug, Deserialize)]
pub struct GroundingChunk<'a> {
    /// A page of the web.
    #[serde(borrow)]
    pub web: Option<Web<'a>>,
}

/// A page.
#[derive(Debug, Deserialize)]
pub struct Web<'a> {
    /// Where it is.
    #[serde(borrow)]
    pub uri: Option<Str<'a>>,
    /// What it is called.
    #[serde(borrow)]
    pub title: Option<Str<'a>>,
}

/// A piece of text and its sources.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroundingSupport {
    /// The text.
    pub segment: Option<Segment>,
    /// Numbers of its sources.
    pub grounding_chunk_indices: Option<Vec<usize>>,
}

/// A piece of text, in bytes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// First byte; 0 when absent.
    pub start_index: Option<usize>,
    /// One past the last byte.
    pub end_index: Option<usize>,
}

/// `usageMetadata`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageMetadata<'a> {
    /// The prompt, cached content included.
    pub prompt_token_count: Option<u64>,
    /// Of the prompt: read from the cache.
    pub cached_content_token_count: Option<u64>,
    /// The answer without its thoughts.
    pub candidates_token_count: Option<u64>,
    /// What results of the provider's own tools added to the prompt.
    pub tool_use_prompt_token_count: Option<u64>,
    /// Thoughts.
    pub thoughts_token_count: Option<u64>,
    /// The prompt by modality.
    #[serde(borrow)]
    pub prompt_tokens_details: Option<Vec<ModalityCount<'a>>>,
    /// The answer by modality.
    #[serde(borrow)]
    pub candidates_tokens_details: Option<Vec<ModalityCount<'a>>>,
    /// Gemini API: `standard`, `flex` or `priority`.
    #[serde(borrow)]
    pub service_tier: Option<Str<'a>>,
    /// Vertex AI: such as `ON_DEMAND` or `ON_DEMAND_FLEX`.
    #[serde(borrow)]
    pub traffic_type: Option<Str<'a>>,
}

/// Tokens of one modality.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModalityCount<'a> {
    /// Such as `TEXT`.
    #[serde(borrow)]
    pub modality: Option<Str<'a>>,
    /// How many.
    pub token_count: Option<u64>,
}

/// What `countTokens` answers.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CountedTokens {
    /// The tokens of the input.
    pub total_tokens: u64,
}
