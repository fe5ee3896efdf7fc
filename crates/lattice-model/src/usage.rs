//! Tokens spent on an answer.

use crate::json::Extra;

/// Tokens spent on an answer, as the provider counted them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    /// All input tokens, cached and cache-written ones included.
    pub input_tokens: u64,
    /// Of the input: read from the provider's cache.
    pub cached_tokens: u64,
    /// Of the input: written to the provider's cache.
    pub cache_write_tokens: u64,
    /// All output tokens, reasoning included.
    pub output_tokens: u64,
    /// Of the output: spent on reasoning.
    pub reasoning_tokens: u64,
    /// Of the input: audio.
    pub audio_input_tokens: u64,
    /// Of the output: audio.
    pub audio_output_tokens: u64,
    /// Fields of a provider of the same dialect that have no name here.
    pub extra: Extra,
}

impl Usage {
    /// Input and output together.
    pub fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}
