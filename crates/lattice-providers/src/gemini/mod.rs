//! `google`: the Gemini API, and the codec that Vertex AI shares with it: <https://ai.google.dev/api/generate-content>.
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
mod config;
mod contents;
mod endings;
mod error;
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

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use lattice_model::{Delta, Fault, ServiceTier, Turn, Word};

use crate::Kind;
use crate::codec::{Decoder, Exchange, Model, Provider};
use crate::error::{DecodeError, EncodeError};
use crate::events::SseDecoder;
use crate::openai::call;

pub(crate) use config::key_header;
pub(crate) use error::MEANINGS;

/// The kind.
pub(crate) const KIND: Kind = Kind { name: "google", build: config::build };

/// The header that carries an API key.
pub(crate) const KEY_HEADER: HeaderName = HeaderName::from_static("x-goog-api-key");

/// Which of the two services is spoken to; they differ in a few fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// The Gemini API.
    Gemini,
    /// Vertex AI.
    Vertex,
}

/// Gemini as a codec, for both services.
#[derive(Debug)]
pub(crate) struct Codec {
    service: Service,
    /// Whether calls go to Vertex AI's global endpoint.
    is_global: bool,
    /// What signatures are tagged with.
    origin: Arc<str>,
    signatures: Arc<signatures::Signatures>,
}

impl Codec {
    pub(crate) fn new(service: Service, origin: &str) -> Self {
        Self { service, is_global: false, origin: origin.into(), signatures: Arc::default() }
    }

    /// For Vertex AI's global endpoint.
    pub(crate) fn at_global(mut self, is_global: bool) -> Self {
        self.is_global = is_global;
        self
    }

    /// The call that puts the turn to `models`, an address that ends where the model's id goes.
    pub(crate) fn exchange(
        &self,
        models: &str,
        key: Option<HeaderValue>,
        turn: &Turn,
        model: &Model,
    ) -> Result<Exchange, EncodeError> {
        let id = models::id(&model.id)?;
        let body = request::body(self, turn, model)?;
        let method = if turn.stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
        let key = key.map(|key| (KEY_HEADER, key));
        let exchange = call(&format!("{models}{id}:{method}"), key, body)?;
        Ok(self.with_tier(exchange, turn))
    }

    /// Vertex AI takes the tier as a header:
    /// <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/flex-paygo>.
    fn with_tier(&self, exchange: Exchange, turn: &Turn) -> Exchange {
        let tier = match turn.service_tier {
            Some(tier @ (ServiceTier::Flex | ServiceTier::Priority)) => HeaderValue::from_static(tier.name()),
            Some(ServiceTier::Auto | ServiceTier::Default | ServiceTier::Scale) | None => return exchange,
        };
        match exchange {
            Exchange::Call(mut request) if self.service == Service::Vertex => {
                request.headers_mut().insert("x-vertex-ai-llm-shared-request-type", tier);
                Exchange::Call(request)
            }
            other => other,
        }
    }

    fn events(&self, turn: &Turn) -> stream::Events {
        stream::Events::new(turn, Arc::clone(&self.origin), Arc::clone(&self.signatures))
    }

    pub(crate) fn decoder(&self, turn: &Turn) -> Box<dyn Decoder> {
        Box::new(SseDecoder::new(self.events(turn)))
    }

    pub(crate) fn decode(
        &self,
        turn: &Turn,
        body: &Bytes,
        deltas: &mut Vec<Delta>,
    ) -> Result<(), DecodeError> {
        answer::decode(self.events(turn), body, deltas)
    }
}

/// The Gemini API.
#[derive(Debug)]
struct Gemini {
    /// Up to where the model's id goes.
    models: String,
    key: HeaderValue,
    codec: Codec,
}

impl Provider for Gemini {
    fn encode(&self, turn: &Turn, model: &Model) -> Result<Exchange, EncodeError> {
        self.codec.exchange(&self.models, Some(self.key.clone()), turn, model)
    }

    fn decoder(&self, turn: &Turn) -> Box<dyn Decoder> {
        self.codec.decoder(turn)
    }

    fn decode(&self, turn: &Turn, body: &Bytes, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        self.codec.decode(turn, body, deltas)
    }

    fn fault(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Fault {
        MEANINGS.of_answer(status, headers, body)
    }
}
