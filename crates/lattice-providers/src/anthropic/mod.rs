//! `anthropic`: the Messages API of Claude.

mod answer;
mod config;
mod content;
mod error;
mod messages;
mod models;
mod request;
mod stream;
mod thinking;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use lattice_model::{Delta, Fault, Turn};

use crate::Kind;
use crate::codec::{Credential, Decoder, Exchange, Model, Provider};
use crate::error::{DecodeError, EncodeError};
use crate::events::SseDecoder;

pub(crate) use config::version;

/// The kind.
pub(crate) const KIND: Kind = Kind { name: "anthropic", build: config::build };

/// Claude, at Anthropic or at Azure.
#[derive(Debug)]
pub(crate) struct Claude {
    /// The base, without `/v1/messages`.
    pub(crate) base: String,
    pub(crate) key: Option<HeaderValue>,
    pub(crate) credential: Credential,
    pub(crate) version: HeaderValue,
    /// What encrypted reasoning is tagged with.
    pub(crate) origin: String,
    /// Whether cache breakpoints are set automatically.
    pub(crate) prompt_caching: bool,
}

impl Provider for Claude {
    fn encode(&self, turn: &Turn, model: &Model) -> Result<Exchange, EncodeError> {
        let body = request::body(turn, model, &self.origin, self.prompt_caching)?;
        let mut request = http::Request::new(body);
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = format!("{}/v1/messages", self.base).parse().map_err(|error| {
            EncodeError::invalid("model", format!("the provider's address is wrong: {error}"))
        })?;
        let headers = request.headers_mut();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(HeaderName::from_static("anthropic-version"), self.version.clone());
        if let Some(key) = &self.key {
            headers.insert(HeaderName::from_static("x-api-key"), key.clone());
        }
        Ok(Exchange::Call(Box::new(request)))
    }

    fn decoder(&self, turn: &Turn) -> Box<dyn Decoder> {
        Box::new(SseDecoder::new(stream::Events::new(turn, &self.origin)))
    }

    fn decode(&self, turn: &Turn, body: &Bytes, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        answer::decode(turn, &self.origin, body, deltas)
    }

    fn fault(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Fault {
        error::MEANINGS.of_answer(status, headers, body)
    }

    fn credential(&self) -> Credential {
        self.credential.clone()
    }
}
