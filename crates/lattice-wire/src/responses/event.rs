//! Streaming events and the response resource, as a provider of this dialect sends them.

use serde::Deserialize;

use super::request::{Annotation, Item, Part};
use crate::leaf::{Raw, Str};
use crate::object::keeping_object;

keeping_object! {
    /// An event: the fields of all kinds together.
    pub struct Event<'a> {
        kind "type": Str<'a>,
        sequence_number "sequence_number": i64,
        output_index "output_index": u32,
        content_index "content_index": u32,
        summary_index "summary_index": u32,
        item_id "item_id": Str<'a>,
        delta "delta": Raw<'a>,
        logprobs "logprobs": Raw<'a>,
        item "item": Item<'a>,
        part "part": Part<'a>,
        annotation "annotation": Annotation<'a>,
        response "response": Raw<'a>,
        error "error": ErrorFields<'a>,
        code "code": Str<'a>,
        message "message": Str<'a>,
    }
}

keeping_object! {
    /// The response resource: what the gateway reads of it; the settings stay in `extra`.
    pub struct Resource<'a> {
        id "id": Str<'a>,
        object "object": Raw<'a>,
        created_at "created_at": Raw<'a>,
        completed_at "completed_at": Raw<'a>,
        status "status": Str<'a>,
        model "model": Raw<'a>,
        output "output": Raw<'a>,
        usage "usage": Usage,
        error "error": ErrorFields<'a>,
        incomplete_details "incomplete_details": IncompleteDetails<'a>,
        previous_response_id "previous_response_id": Raw<'a>,
        store "store": Raw<'a>,
        background "background": Raw<'a>,
        metadata "metadata": Raw<'a>,
        provider "provider": Raw<'a>,
        service_tier "service_tier": Str<'a>,
    }
}

keeping_object! {
    /// An error.
    pub struct ErrorFields<'a> {
        kind "type": Str<'a>,
        code "code": Raw<'a>,
        message "message": Str<'a>,
        param "param": Str<'a>,
    }
}

keeping_object! {
    /// Why a response was cut short.
    pub struct IncompleteDetails<'a> {
        reason "reason": Str<'a>,
    }
}

/// `usage`
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// All input tokens.
    pub input_tokens: u64,
    /// What they consist of.
    pub input_tokens_details: Option<InputDetails>,
    /// All output tokens.
    pub output_tokens: u64,
    /// What they consist of.
    pub output_tokens_details: Option<OutputDetails>,
}

/// `usage.input_tokens_details`
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct InputDetails {
    /// Read from the cache.
    pub cached_tokens: Option<u64>,
    /// Written to the cache.
    pub cache_write_tokens: Option<u64>,
    /// Audio.
    pub audio_tokens: Option<u64>,
}

/// `usage.output_tokens_details`
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct OutputDetails {
    /// Reasoning.
    pub reasoning_tokens: Option<u64>,
    /// Audio.
    pub audio_tokens: Option<u64>,
}

impl crate::object::Carried for Usage {
    fn carried(&self, _: &bytes::Bytes) -> lattice_model::Json {
        let mut writer = crate::write::JsonWriter::new();
        super::write::usage(&mut writer, &self.to_model());
        lattice_model::Json::from_raw(writer.finish().to_bytes())
    }
}

impl Usage {
    /// In our own terms.
    pub fn to_model(self) -> lattice_model::Usage {
        let input = self.input_tokens_details.unwrap_or_default();
        let output = self.output_tokens_details.unwrap_or_default();
        lattice_model::Usage {
            input_tokens: self.input_tokens,
            cached_tokens: input.cached_tokens.unwrap_or_default(),
            cache_write_tokens: input.cache_write_tokens.unwrap_or_default(),
            output_tokens: self.output_tokens,
            reasoning_tokens: output.reasoning_tokens.unwrap_or_default(),
            audio_input_tokens: input.audio_tokens.unwrap_or_default(),
            audio_output_tokens: output.audio_tokens.unwrap_or_default(),
            extra: Vec::new(),
        }
    }
}
