//! The small values of an answer, in our own terms.

use bytes::Bytes;
use lattice_model::{Annotation, End, Extra, Failure, IncompleteReason, Json, Text, UrlCitation};
use lattice_wire::chat_completions as wire;
use lattice_wire::{Raw, Str};

use crate::fault::safe;

/// A string; `None` for anything else.
pub(super) fn string(raw: Raw<'_>) -> Option<Str<'_>> {
    raw.0.get().starts_with('"').then(|| serde_json::from_str(raw.0.get()).ok())?
}

/// A text, or an object that some servers send in its place.
pub(super) fn arguments(raw: Raw<'_>, data: &Bytes) -> Option<Text> {
    let text = match string(raw) {
        Some(text) => text.to_text(data),
        None if raw.0.get().starts_with('{') => Text::new(raw.0.get()),
        None => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A source with an address.
pub(super) fn annotation(citation: &wire::UrlCitation<'_>, data: &Bytes) -> Annotation {
    let text = |value: Option<Str<'_>>| value.map(|value| value.to_text(data)).unwrap_or_default();
    Annotation::UrlCitation(UrlCitation {
        start_index: citation.start_index,
        end_index: citation.end_index,
        url: text(citation.url),
        title: text(citation.title),
        extra: Extra::new(),
    })
}

/// Why an answer failed, from the error object that stands in its place or in its middle.
pub(super) fn failure(error: Raw<'_>) -> Failure {
    let error = Json::from_raw(Bytes::copy_from_slice(error.0.get().as_bytes())).to_value();
    let word = |key: &str| error.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
    let message = word("message").or_else(|| error.as_str().map(str::to_owned)).unwrap_or_default();
    Failure {
        code: word("code")
            .filter(|code| !code.bytes().all(|byte| byte.is_ascii_digit()))
            .or_else(|| word("type"))
            .unwrap_or_else(|| "server_error".to_owned()),
        message: if message.is_empty() { "the provider failed".to_owned() } else { safe(&message) },
        detail: error.to_string(),
    }
}

/// How an answer ended; `None` where nothing is said yet, as servers do that send an empty reason with every chunk.
pub(super) fn end_of(reason: Str<'_>) -> Option<End> {
    let failed = |message: &str| {
        let detail = format!("finish_reason: {}", reason.escaped());
        End::Failed(Failure { code: "server_error".to_owned(), message: message.to_owned(), detail })
    };
    Some(match reason.escaped() {
        "" => return None,
        // Mistral's `model_length`: the model's own limit.
        "length" | "model_length" | "max_tokens" => End::Incomplete(IncompleteReason::MaxOutputTokens),
        "content_filter" => End::Incomplete(IncompleteReason::ContentFilter),
        "error" => failed("the provider failed in the middle of its answer"),
        // DeepSeek's.
        "insufficient_system_resource" => {
            failed("the provider ran out of resources in the middle of its answer")
        }
        _ => End::Completed,
    })
}

/// Tokens in our own terms.
pub(super) fn usage_of(usage: wire::Usage) -> lattice_model::Usage {
    let input = usage.prompt_tokens_details.unwrap_or_default();
    let output = usage.completion_tokens_details.unwrap_or_default();
    lattice_model::Usage {
        input_tokens: usage.prompt_tokens,
        cached_tokens: input.cached_tokens.or(usage.prompt_cache_hit_tokens).unwrap_or_default(),
        cache_write_tokens: input.cache_write_tokens.unwrap_or_default(),
        output_tokens: usage.completion_tokens,
        reasoning_tokens: output.reasoning_tokens.unwrap_or_default(),
        audio_input_tokens: input.audio_tokens.unwrap_or_default(),
        audio_output_tokens: output.audio_tokens.unwrap_or_default(),
        extra: Extra::new(),
    }
}
