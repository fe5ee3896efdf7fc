//! `openai`: the Responses API, the client's own dialect. What the gateway does not understand goes through untouched (C14).

mod answer;
mod config;
mod error;
mod request;
mod stream;
#[cfg(test)]
pub(crate) mod tests;

use bytes::Bytes;
use http::HeaderMap;
use lattice_model::{Delta, Fault, Turn};
use lattice_wire::write::Segments;

use crate::codec::{Decoder, Exchange, Model, Provider};
use crate::error::{DecodeError, EncodeError};
use crate::events::SseDecoder;
use crate::faults::Meanings;
use crate::openai_compatible::ChatCodec;
use crate::{Api, Kind};

pub(crate) use config::{bearer, secret_header};
pub(crate) use error::MEANINGS;
pub(crate) use error::with_own_param;

/// The kind.
pub(crate) const KIND: Kind = Kind { name: "openai", build: config::build };

/// `OpenAI` itself.
#[derive(Debug)]
struct OpenAi {
    base: String,
    authorization: http::HeaderValue,
    codec: Codec,
}

/// Either of the two APIs.
#[derive(Debug)]
pub(crate) enum Codec {
    /// The Responses API.
    Responses(ResponsesCodec),
    /// Chat Completions.
    Chat(ChatCodec),
}

impl Codec {
    pub(crate) fn new(
        api: Api,
        origin: String,
        chat: crate::openai_compatible::Quirks,
        meanings: Meanings,
    ) -> Self {
        match api {
            Api::Responses => Self::Responses(ResponsesCodec { origin, meanings }),
            Api::ChatCompletions => Self::Chat(ChatCodec::new(origin, chat, meanings)),
        }
    }

    pub(crate) fn fault(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Fault {
        match self {
            Self::Responses(codec) => codec.meanings.of_answer(status, headers, body),
            Self::Chat(codec) => with_own_param(codec.meanings().of_answer(status, headers, body)),
        }
    }

    /// The path after the base that takes requests.
    pub(crate) fn path(&self) -> &'static str {
        match self {
            Self::Responses(_) => "/responses",
            Self::Chat(_) => "/chat/completions",
        }
    }

    pub(crate) fn body(&self, turn: &Turn, model: &Model) -> Result<Segments, EncodeError> {
        match self {
            Self::Responses(codec) => codec.body(turn, model),
            Self::Chat(codec) => codec.body(turn, model),
        }
    }

    pub(crate) fn decoder(&self, turn: &Turn) -> Box<dyn Decoder> {
        match self {
            Self::Responses(codec) => codec.decoder(turn),
            Self::Chat(codec) => codec.decoder(turn),
        }
    }

    pub(crate) fn decode(
        &self,
        turn: &Turn,
        body: &Bytes,
        deltas: &mut Vec<Delta>,
    ) -> Result<(), DecodeError> {
        match self {
            Self::Responses(codec) => codec.decode(turn, body, deltas),
            Self::Chat(codec) => codec.decode(turn, body, deltas),
        }
    }
}

/// The Responses API as a codec, for everything that speaks it.
#[derive(Debug)]
pub(crate) struct ResponsesCodec {
    /// What encrypted reasoning is tagged with.
    origin: String,
    /// What errors mean.
    meanings: Meanings,
}

impl ResponsesCodec {
    fn body(&self, turn: &Turn, model: &Model) -> Result<Segments, EncodeError> {
        request::body(turn, model, &self.origin)
    }

    fn decoder(&self, turn: &Turn) -> Box<dyn Decoder> {
        Box::new(SseDecoder::new(stream::Events::new(self.sealing(turn))))
    }

    fn decode(&self, turn: &Turn, body: &Bytes, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        answer::decode(body, &self.sealing(turn), deltas)
    }

    fn sealing(&self, turn: &Turn) -> answer::Sealing {
        answer::Sealing {
            origin: turn.include.encrypted_reasoning.then(|| self.origin.clone()),
            meanings: self.meanings,
        }
    }
}

impl Provider for OpenAi {
    fn encode(&self, turn: &Turn, model: &Model) -> Result<Exchange, EncodeError> {
        let body = self.codec.body(turn, model)?;
        let uri = format!("{}{}", self.base, self.codec.path());
        call(&uri, Some((http::header::AUTHORIZATION, self.authorization.clone())), body)
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

/// A JSON call, with one header that carries the key.
pub(crate) fn call(
    uri: &str,
    key: Option<(http::HeaderName, http::HeaderValue)>,
    body: Segments,
) -> Result<Exchange, EncodeError> {
    let mut request = http::Request::post(uri)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(body)
        // The base was checked when the provider was made, so only the model's name can be at fault.
        .map_err(|error| {
            EncodeError::invalid("model", format!("the model's id does not fit into an address: {error}"))
        })?;
    if let Some((name, value)) = key {
        request.headers_mut().insert(name, value);
    }
    Ok(Exchange::Call(Box::new(request)))
}
