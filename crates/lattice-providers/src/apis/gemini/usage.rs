//! Tokens in our own terms (B7).

use lattice_model::{Extra, Usage};
use lattice_wire::Str;
use lattice_wire::gemini::{ModalityCount, UsageMetadata};

/// `None` where nothing was counted, as for a prompt that was blocked.
pub(super) fn of(usage: &UsageMetadata<'_>) -> Option<Usage> {
    let prompt = usage.prompt_token_count?;
    let thoughts = usage.thoughts_token_count.unwrap_or_default();
    Some(Usage {
        input_tokens: prompt.saturating_add(usage.tool_use_prompt_token_count.unwrap_or_default()),
        cached_tokens: usage.cached_content_token_count.unwrap_or_default(),
        cache_write_tokens: 0,
        output_tokens: usage.candidates_token_count.unwrap_or_default().saturating_add(thoughts),
        reasoning_tokens: thoughts,
        audio_input_tokens: audio(usage.prompt_tokens_details.as_deref()),
        audio_output_tokens: audio(usage.candidates_tokens_details.as_deref()),
        extra: Extra::new(),
    })
}

fn audio(details: Option<&[ModalityCount<'_>]>) -> u64 {
    let details = details.unwrap_or_default().iter();
    details
        .filter(|count| count.modality.is_some_and(|modality| modality.escaped() == "AUDIO"))
        .filter_map(|count| count.token_count)
        .sum()
}

/// The tier that was used, in the standard's words.
pub(super) fn tier(usage: &UsageMetadata<'_>) -> Option<String> {
    let word = usage.service_tier.map(Str::escaped).or_else(|| {
        // Vertex AI: <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/flex-paygo>.
        match usage.traffic_type?.escaped() {
            "ON_DEMAND" => Some("default"),
            "ON_DEMAND_FLEX" => Some("flex"),
            "ON_DEMAND_PRIORITY" => Some("priority"),
            _ => None,
        }
    })?;
    Some(if word == "standard" { "default" } else { word }.to_owned())
}
