//! Streaming events and the response resource, as a provider of this dialect sends them.

use crate::Document;
use std::borrow::Cow;

use serde::Deserialize;

use super::request::{Annotation, Item, Part};
use crate::leaf::{Raw, Str, extra_of};
use crate::object::{ParseError, keeping_object, parse};

/// The `type` of an event: read off its start, where every known server puts it, or looked for. `None` where it has none.
///
/// # Errors
/// [`ParseError`] for what is no JSON object; an event whose type stands first is not looked at any further.
pub fn kind(document: &[u8]) -> Result<Option<Cow<'_, str>>, ParseError> {
    if let Some(kind) = leading_kind(document) {
        return Ok(Some(Cow::Borrowed(kind)));
    }
    Ok(parse::<Kind<'_>>(document)?.kind)
}

fn leading_kind(document: &[u8]) -> Option<&str> {
    let mut rest = document;
    for token in ["{", "\"type\"", ":", "\""] {
        rest = rest.trim_ascii_start().strip_prefix(token.as_bytes())?;
    }
    let end = memchr::memchr2(b'"', b'\\', rest).filter(|end| rest.get(*end) == Some(&b'"'))?;
    std::str::from_utf8(rest.get(..end)?).ok()
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
}

keeping_object! {
    /// More of a text: `response.output_text.delta` and its like.
    pub struct DeltaEvent<'a> {
        kind "type": Raw<'a>,
        sequence_number "sequence_number": Raw<'a>,
        item_id "item_id": Raw<'a>,
        output_index "output_index": u32,
        content_index "content_index": u32,
        summary_index "summary_index": u32,
        delta "delta": Str<'a>,
        logprobs "logprobs": Raw<'a>,
    }
}

keeping_object! {
    /// `response.output_item.added` and `.done`
    pub struct ItemEvent<'a> {
        kind "type": Raw<'a>,
        sequence_number "sequence_number": Raw<'a>,
        output_index "output_index": u32,
        item "item": Item<'a>,
    }
}

keeping_object! {
    /// The same, whatever the item's fields look like.
    pub struct AnyItemEvent<'a> {
        output_index "output_index": u32,
        item "item": AnyItem<'a>,
    }
}

keeping_object! {
    /// An item of which only the kind matters: its fields stay in `extra`.
    pub struct AnyItem<'a> {
        kind "type": Str<'a>,
        id "id": Str<'a>,
    }
}

keeping_object! {
    /// `response.content_part.added`, `response.content_part.done`
    pub struct PartEvent<'a> {
        kind "type": Raw<'a>,
        sequence_number "sequence_number": Raw<'a>,
        item_id "item_id": Raw<'a>,
        output_index "output_index": u32,
        content_index "content_index": u32,
        part "part": Part<'a>,
    }
}

keeping_object! {
    /// `response.output_text.annotation.added`
    pub struct AnnotationEvent<'a> {
        kind "type": Raw<'a>,
        sequence_number "sequence_number": Raw<'a>,
        item_id "item_id": Raw<'a>,
        output_index "output_index": u32,
        content_index "content_index": u32,
        annotation_index "annotation_index": Raw<'a>,
        annotation "annotation": Annotation<'a>,
    }
}

keeping_object! {
    /// `response.created`, `.in_progress`, `.completed`, `.incomplete`, `.failed`: an event with the whole resource.
    pub struct ResourceEvent<'a> {
        kind "type": Raw<'a>,
        sequence_number "sequence_number": Raw<'a>,
        response "response": Resource<'a>,
    }
}

keeping_object! {
    /// `error`: its fields stand in the event itself, as documented, or in `error`, as recorded.
    pub struct ErrorEvent<'a> {
        error "error": ErrorFields<'a>,
        code "code": Raw<'a>,
        message "message": Str<'a>,
    }
}

keeping_object! {
    /// An event of a kind that is not known: its fields stay in `extra`.
    pub struct OtherEvent<'a> {
        kind "type": Raw<'a>,
        sequence_number "sequence_number": Raw<'a>,
        output_index "output_index": Raw<'a>,
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
        usage "usage": Usage<'a>,
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

keeping_object! {
    /// `usage`
    pub struct Usage<'a> {
        input_tokens "input_tokens": u64,
        input_tokens_details "input_tokens_details": InputDetails<'a>,
        output_tokens "output_tokens": u64,
        output_tokens_details "output_tokens_details": OutputDetails<'a>,
        total_tokens "total_tokens": Raw<'a>,
    }
}

keeping_object! {
    /// `usage.input_tokens_details`
    pub struct InputDetails<'a> {
        cached_tokens "cached_tokens": u64,
        cache_write_tokens "cache_write_tokens": u64,
        audio_tokens "audio_tokens": u64,
    }
}

keeping_object! {
    /// `usage.output_tokens_details`
    pub struct OutputDetails<'a> {
        reasoning_tokens "reasoning_tokens": u64,
        audio_tokens "audio_tokens": u64,
    }
}

impl Usage<'_> {
    /// In our own terms.
    pub fn to_model(&self, document: &Document) -> lattice_model::Usage {
        let input = self.input_tokens_details.as_ref();
        let output = self.output_tokens_details.as_ref();
        lattice_model::Usage {
            input_tokens: self.input_tokens.unwrap_or_default(),
            cached_tokens: input.and_then(|input| input.cached_tokens).unwrap_or_default(),
            cache_write_tokens: input.and_then(|input| input.cache_write_tokens).unwrap_or_default(),
            output_tokens: self.output_tokens.unwrap_or_default(),
            reasoning_tokens: output.and_then(|output| output.reasoning_tokens).unwrap_or_default(),
            audio_input_tokens: input.and_then(|input| input.audio_tokens).unwrap_or_default(),
            audio_output_tokens: output.and_then(|output| output.audio_tokens).unwrap_or_default(),
            extra: extra_of(&self.extra, document),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_found_wherever_it_stands() {
        let found = |document: &str| kind(document.as_bytes()).unwrap().map(Cow::into_owned);
        for document in [
            r#"{"type":"a.b","delta":"x"}"#,
            r#" { "type" : "a.b" }"#,
            r#"{"delta":"\"type\":\"no\"","type":"a.b"}"#,
            r#"{"type":"a\u002eb"}"#,
        ] {
            assert_eq!(found(document).as_deref(), Some("a.b"), "{document}");
        }
        assert_eq!(found(r#"{"error":{"type":"x"}}"#), None);
        assert!(kind(b"upstream timed out").is_err());
    }
}

/// What counting answers: `response.input_tokens`.
#[derive(Debug, serde::Deserialize)]
pub struct CountedTokens {
    /// The tokens of the input.
    pub input_tokens: u64,
}
