//! The Responses API, the client's own dialect. What the gateway does not understand goes through untouched (C14).

mod answer;
mod models;
mod request;
mod stream;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use http::HeaderMap;
use lattice_model::{Delta, Fault, Turn};
use lattice_wire::Document;
use lattice_wire::write::Segments;

use lattice_wire::responses::event::CountedTokens;

use super::{Codec, Purpose};
use crate::error::{DecodeError, EncodeError};
use crate::events::SseDecoder;
use crate::faults::Meanings;
use crate::provider::{Decoder, Model};

/// The API as a server of these meanings speaks it.
#[derive(Debug)]
pub(crate) struct Responses {
    /// What encrypted reasoning is tagged with.
    origin: String,
    /// What errors mean.
    meanings: Meanings,
}

impl Responses {
    /// For an entry whose encrypted reasoning is tagged with `origin`.
    pub(crate) fn new(origin: String, meanings: Meanings) -> Self {
        Self { origin, meanings }
    }

    fn sealing(&self, turn: &Turn) -> answer::Sealing {
        answer::Sealing {
            origin: turn.keeps_reasoning().then(|| self.origin.clone()),
            meanings: self.meanings,
        }
    }
}

impl Codec for Responses {
    fn path(&self, _: &Turn, _: &Model) -> Result<Cow<'static, str>, EncodeError> {
        Ok("/responses".into())
    }

    fn body(&self, turn: &Turn, model: &Model) -> Result<Segments, EncodeError> {
        request::body(turn, model, &self.origin, Purpose::Answer)
    }

    /// <https://platform.openai.com/docs/api-reference/responses/input-tokens>
    fn count(
        &self,
        turn: &Turn,
        model: &Model,
    ) -> Result<Option<(Cow<'static, str>, Segments)>, EncodeError> {
        let body = request::body(turn, model, &self.origin, Purpose::Count)?;
        Ok(Some(("/responses/input_tokens".into(), body)))
    }

    fn counted(&self, body: &Document) -> Option<u64> {
        Some(lattice_wire::parse::<CountedTokens>(body).ok()?.input_tokens)
    }

    fn decoder(&self, turn: &Turn) -> Box<dyn Decoder> {
        Box::new(SseDecoder::new(stream::ResponseEvents::new(self.sealing(turn))))
    }

    fn decode(&self, turn: &Turn, body: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        answer::decode(body, &self.sealing(turn), deltas)
    }

    fn fault(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Fault {
        self.meanings.of_answer(status, headers, body)
    }
}
