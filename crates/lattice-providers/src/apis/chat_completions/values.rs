//! The small values of an answer, in our own terms.

use lattice_model::{Annotation, End, Extra, Fault, FaultKind, IncompleteReason, Text, UrlCitation};
use lattice_wire::Document;
use lattice_wire::chat_completions as wire;
use lattice_wire::{Raw, Str};

use super::params::in_the_clients_words;
use crate::faults::Meanings;

/// A string; `None` for anything else.
pub(super) fn string(raw: Raw<'_>) -> Option<Str<'_>> {
    raw.0.get().starts_with('"').then(|| serde_json::from_str(raw.0.get()).ok())?
}

/// A text, or an object that some servers send in its place.
pub(super) fn arguments(raw: Raw<'_>, data: &Document) -> Option<Text> {
    let text = match string(raw) {
        Some(text) => text.to_text(data),
        None if raw.0.get().starts_with('{') => Text::new(raw.0.get()),
        None => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A source with an address.
pub(super) fn annotation(citation: &wire::UrlCitation<'_>, data: &Document) -> Annotation {
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
pub(super) fn failed(error: Raw<'_>, meanings: Meanings) -> End {
    let error = serde_json::from_str(error.0.get()).unwrap_or_default();
    End::Failed(in_the_clients_words(meanings.of_value(&error)))
}

/// How an answer ended; `None` where nothing is said yet, as servers do that send an empty reason with every chunk. Only a known good
/// end is one: whatever else a server says is a failure that shows its word.
pub(super) fn end_of(reason: Str<'_>) -> Option<End> {
    let failed = |message: String| {
        let detail = format!("finish_reason {}", reason.escaped().chars().take(64).collect::<String>());
        End::Failed(Fault::new(FaultKind::Server).with_message(message).with_detail(detail))
    };
    Some(match reason.escaped() {
        "" => return None,
        // The standard's words; then those of TGI, of Claude and of Gemini behind servers that hand them through.
        "stop" | "tool_calls" | "function_call" | "eos" | "eos_token" | "stop_sequence" | "end_turn"
        | "tool_use" | "STOP" | "COMPLETE" => End::Completed,
        // Mistral's `model_length` and Z.AI's longer word: the model's own limit.
        "length" | "model_length" | "max_tokens" | "MAX_TOKENS" | "model_context_window_exceeded" => {
            End::Incomplete(IncompleteReason::MaxOutputTokens)
        }
        "content_filter" | "sensitive" | "safety" | "SAFETY" => {
            End::Incomplete(IncompleteReason::ContentFilter)
        }
        "error" => failed("the provider failed in the middle of its answer".to_owned()),
        // DeepSeek's.
        "insufficient_system_resource" => {
            failed("the provider ran out of resources in the middle of its answer".to_owned())
        }
        other
            if other.len() <= 64
                && other.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') =>
        {
            failed(format!("the provider broke its answer off with the reason `{other}`"))
        }
        _ => failed("the provider broke its answer off with a reason that is not known".to_owned()),
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
