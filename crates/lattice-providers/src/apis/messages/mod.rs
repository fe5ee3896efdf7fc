//! The Messages API of Claude: <https://docs.claude.com/en/api/messages>.

mod answer;
mod content;
mod conversation;
pub(crate) mod headers;
mod models;
mod request;
mod stream;
#[cfg(test)]
mod tests;
mod thinking;

use std::borrow::Cow;

use http::HeaderMap;
use lattice_model::{Delta, Fault, Turn};
use lattice_wire::Document;
use lattice_wire::write::Segments;

use lattice_wire::anthropic::CountedTokens;

use super::{Codec, Purpose};
use crate::error::{DecodeError, EncodeError};
use crate::events::SseDecoder;
use crate::faults::{ANTHROPIC, Meanings};
use crate::provider::{Decoder, Model};

/// What error answers and `error` events mean: <https://docs.claude.com/en/api/errors>.
const MEANINGS: Meanings = Meanings::of(ANTHROPIC);

/// The API for one entry.
#[derive(Debug)]
pub(crate) struct Messages {
    /// What encrypted reasoning is tagged with.
    origin: String,
    /// Whether cache breakpoints are set automatically.
    prompt_caching: bool,
}

impl Messages {
    /// For an entry whose encrypted reasoning is tagged with `origin`; caching is on where nothing is said.
    pub(crate) fn new(origin: String, prompt_caching: Option<bool>) -> Self {
        Self { origin, prompt_caching: prompt_caching.unwrap_or(true) }
    }
}

impl Codec for Messages {
    fn path(&self, _: &Turn, _: &Model) -> Result<Cow<'static, str>, EncodeError> {
        Ok("/v1/messages".into())
    }

    fn body(&self, turn: &Turn, model: &Model) -> Result<Segments, EncodeError> {
        request::body(turn, model, &self.origin, self.prompt_caching, Purpose::Answer)
    }

    /// <https://docs.claude.com/en/api/messages-count-tokens>
    fn count(
        &self,
        turn: &Turn,
        model: &Model,
    ) -> Result<Option<(Cow<'static, str>, Segments)>, EncodeError> {
        let body = request::body(turn, model, &self.origin, false, Purpose::Count)?;
        Ok(Some(("/v1/messages/count_tokens".into(), body)))
    }

    fn counted(&self, body: &Document) -> Option<u64> {
        Some(lattice_wire::parse::<CountedTokens>(body).ok()?.input_tokens)
    }

    fn decoder(&self, turn: &Turn) -> Box<dyn Decoder> {
        Box::new(SseDecoder::new(stream::MessageEvents::new(turn, &self.origin)))
    }

    fn decode(&self, turn: &Turn, body: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        answer::decode(turn, &self.origin, body, deltas)
    }

    fn fault(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Fault {
        MEANINGS.of_answer(status, headers, body)
    }
}
