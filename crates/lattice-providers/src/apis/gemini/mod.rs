//! Gemini's `generateContent`, as Google's developer API and Vertex AI speak it: <https://ai.google.dev/api/generate-content>.
//!
//! Thought signatures must return on the very part they came with. Three kinds, three ways:
//! - on a function call: as `latticelm:signature` on the item, tagged with the origin; for clients that replay only what the
//!   standard names, a bounded memory of the provider entry knows it too; failing both, models that insist get the
//!   documented placeholder.
//! - on a thought: as the reasoning item's `encrypted_content` (`thought.` and the signature).
//! - on text: as `encrypted_content` of a reasoning item right behind the message (`text.` and the signature, or `part.`
//!   where it came on an empty part of its own). The last two only when the client asked for encrypted reasoning.
//!
//! An image that a model makes becomes an item of type `latticelm:image` with `mime_type` and `data` (base64): the standard
//! has no output for it, and refusing it would throw away what was paid for.

mod answer;
mod contents;
mod endings;
mod media;
mod models;
mod request;
mod signatures;
mod sources;
mod stream;
#[cfg(test)]
mod tests;
mod tool_results;
mod tools;
mod usage;

use lattice_wire::Document;
use std::borrow::Cow;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use lattice_model::{Delta, Fault, ServiceTier, Turn, Word};
use lattice_wire::write::Segments;

use lattice_wire::gemini::CountedTokens;

use crate::error::{DecodeError, EncodeError};
use crate::events::SseDecoder;
use crate::faults::{GEMINI, Meanings};
use crate::provider::{Decoder, Model};

/// What errors mean, in answers of their own and in place of a chunk: <https://cloud.google.com/apis/design/errors>.
const MEANINGS: Meanings = Meanings::of(GEMINI);

/// The header that carries an API key.
pub(crate) const KEY_HEADER: HeaderName = HeaderName::from_static("x-goog-api-key");

/// Which of the two services is spoken to; they differ in a few fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// Google's developer API.
    Developer,
    /// Vertex AI.
    Vertex {
        /// Whether calls go to its global endpoint.
        is_global: bool,
    },
}

/// The API for one entry.
#[derive(Debug)]
pub(crate) struct Gemini {
    service: Service,
    /// What signatures are tagged with.
    origin: Arc<str>,
    signatures: Arc<signatures::Signatures>,
}

impl Gemini {
    /// For an entry whose signatures are tagged with `origin`.
    pub(crate) fn new(service: Service, origin: &str) -> Self {
        Self { service, origin: origin.into(), signatures: Arc::default() }
    }

    fn events(&self, turn: &Turn) -> stream::Chunks {
        stream::Chunks::new(turn, Arc::clone(&self.origin), Arc::clone(&self.signatures))
    }
}

impl super::Codec for Gemini {
    fn path(&self, turn: &Turn, model: &Model) -> Result<Cow<'static, str>, EncodeError> {
        let id = models::id(&model.id)?;
        let method = if turn.stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
        Ok(format!("/models/{id}:{method}").into())
    }

    fn body(&self, turn: &Turn, model: &Model) -> Result<Segments, EncodeError> {
        request::body(self, turn, model)
    }

    /// <https://ai.google.dev/api/tokens>, and
    /// <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens>.
    fn count(
        &self,
        turn: &Turn,
        model: &Model,
    ) -> Result<Option<(Cow<'static, str>, Segments)>, EncodeError> {
        let id = models::id(&model.id)?;
        let path = format!("/models/{id}:countTokens");
        Ok(Some((path.into(), request::count(self, turn, model)?)))
    }

    fn counted(&self, body: &Document) -> Option<u64> {
        Some(lattice_wire::parse::<CountedTokens>(body).ok()?.total_tokens)
    }

    /// Vertex AI takes the tier as a header:
    /// <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/flex-paygo>.
    fn header(&self, turn: &Turn) -> Option<(HeaderName, HeaderValue)> {
        match (self.service, turn.service_tier) {
            (Service::Vertex { .. }, Some(tier @ (ServiceTier::Flex | ServiceTier::Priority))) => {
                let name = HeaderName::from_static("x-vertex-ai-llm-shared-request-type");
                Some((name, HeaderValue::from_static(tier.name())))
            }
            _ => None,
        }
    }

    fn decoder(&self, turn: &Turn) -> Box<dyn Decoder> {
        Box::new(SseDecoder::new(self.events(turn)))
    }

    fn decode(&self, turn: &Turn, body: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        answer::decode(self.events(turn), body, deltas)
    }

    fn fault(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Fault {
        MEANINGS.of_answer(status, headers, body)
    }
}
