//! `openai_compatible`: every server that speaks Chat Completions, and its presets.

mod answer;
mod arguments;
mod calls;
mod config;
mod messages;
mod presets;
mod quirks;
mod request;
mod stream;
#[cfg(test)]
mod tests;
mod values;

use bytes::Bytes;
use http::HeaderMap;
use lattice_model::{Delta, Fault, Turn};
use lattice_wire::write::Segments;

use crate::Kind;
use crate::codec::{Decoder, Exchange, Model, Provider};
use crate::error::{DecodeError, EncodeError};
use crate::events::SseDecoder;
use crate::faults::Meanings;
use crate::openai::{Codec, call};

pub use presets::{PRESETS, Preset};
pub(crate) use quirks::Quirks;

/// The kind.
pub(crate) const KIND: Kind = Kind { name: "openai_compatible", build: config::build };

/// A server that speaks one of `OpenAI`'s two APIs.
#[derive(Debug)]
struct Compatible {
    base: String,
    authorization: Option<http::HeaderValue>,
    codec: Codec,
}

/// Chat Completions as a codec, for everything that speaks it.
#[derive(Debug)]
pub(crate) struct ChatCodec {
    quirks: Quirks,
    meanings: Meanings,
}

impl ChatCodec {
    /// For servers of these quirks. This API has no encrypted reasoning, so nothing is tagged with the origin.
    pub(crate) fn new(_origin: String, quirks: Quirks, meanings: Meanings) -> Self {
        Self { quirks, meanings }
    }

    /// What errors mean.
    pub(crate) fn meanings(&self) -> Meanings {
        self.meanings
    }

    pub(crate) fn body(&self, turn: &Turn, model: &Model) -> Result<Segments, EncodeError> {
        request::body(turn, model, self.quirks)
    }

    pub(crate) fn decoder(&self, turn: &Turn) -> Box<dyn Decoder> {
        Box::new(SseDecoder::new(stream::Chunks::new(turn, self.meanings)))
    }

    pub(crate) fn decode(
        &self,
        turn: &Turn,
        body: &Bytes,
        deltas: &mut Vec<Delta>,
    ) -> Result<(), DecodeError> {
        answer::decode(turn, body, self.meanings, deltas)
    }
}

impl Provider for Compatible {
    fn encode(&self, turn: &Turn, model: &Model) -> Result<Exchange, EncodeError> {
        let body = self.codec.body(turn, model)?;
        let key = self.authorization.clone().map(|value| (http::header::AUTHORIZATION, value));
        call(&format!("{}{}", self.base, self.codec.path()), key, body)
    }

    fn decoder(&self, turn: &Turn) -> Box<dyn Decoder> {
        self.codec.decoder(turn)
    }

    fn decode(&self, turn: &Turn, body: &Bytes, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        self.codec.decode(turn, body, deltas)
    }

    fn fault(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Fault {
        self.codec.fault(status, headers, body)
    }
}
