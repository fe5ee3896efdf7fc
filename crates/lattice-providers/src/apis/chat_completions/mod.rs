//! Chat Completions, as `OpenAI` and everybody who took it over speak it.

mod answer;
mod arguments;
mod calls;
mod messages;
mod params;
mod quirks;
mod request;
mod stream;
#[cfg(test)]
mod tests;
mod values;

use std::borrow::Cow;

use http::HeaderMap;
use lattice_model::{Delta, Fault, Turn};
use lattice_wire::Document;
use lattice_wire::write::Segments;

use super::Codec;
use crate::error::{DecodeError, EncodeError};
use crate::events::SseDecoder;
use crate::faults::Meanings;
use crate::provider::{Decoder, Model};

pub(crate) use quirks::{CallIds, Quirks};

/// The API as a server of these quirks and meanings speaks it.
#[derive(Debug)]
pub(crate) struct ChatCompletions {
    quirks: Quirks,
    meanings: Meanings,
}

impl ChatCompletions {
    /// For one server. This API has no encrypted reasoning, so nothing is tagged.
    pub(crate) fn new(quirks: Quirks, meanings: Meanings) -> Self {
        Self { quirks, meanings }
    }
}

impl Codec for ChatCompletions {
    fn path(&self, _: &Turn, _: &Model) -> Result<Cow<'static, str>, EncodeError> {
        Ok("/chat/completions".into())
    }

    fn body(&self, turn: &Turn, model: &Model) -> Result<Segments, EncodeError> {
        request::body(turn, model, self.quirks)
    }

    fn decoder(&self, turn: &Turn) -> Box<dyn Decoder> {
        Box::new(SseDecoder::new(stream::Chunks::new(turn, self.meanings)))
    }

    fn decode(&self, turn: &Turn, body: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        answer::decode(turn, body, self.meanings, deltas)
    }

    fn fault(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Fault {
        params::in_the_clients_words(self.meanings.of_answer(status, headers, body))
    }
}
