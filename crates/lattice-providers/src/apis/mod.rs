//! One folder per API: pure translation between the gateway's turn and what goes over the wire, whoever serves it.
//!
//! Where a call goes and what opens the door there is the kind's business ([`crate::kinds`]).

pub(crate) mod chat_completions;
pub(crate) mod gemini;
pub(crate) mod messages;
pub(crate) mod responses;
#[cfg(test)]
pub(crate) mod testing;

use lattice_wire::Document;
use std::borrow::Cow;
use std::fmt::Debug;

use http::{HeaderMap, HeaderName, HeaderValue};
use lattice_model::{Delta, Fault, Turn};
use lattice_wire::write::Segments;

use crate::error::{DecodeError, EncodeError};
use crate::provider::{Decoder, Model};

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// An answer.
    Answer,
    /// Counting its input: what is only about the output is left out.
    Count,
}

/// An API as one server, or one kind of them, speaks it.
pub(crate) trait Codec: Debug + Send + Sync {
    /// The path behind the base that takes this turn, with its query.
    ///
    /// # Errors
    /// [`EncodeError`] where the model's id cannot be part of it.
    fn path(&self, turn: &Turn, model: &Model) -> Result<Cow<'static, str>, EncodeError>;

    /// The request's body.
    ///
    /// # Errors
    /// [`EncodeError`] names the parameter that this API, server or model cannot honour.
    fn body(&self, turn: &Turn, model: &Model) -> Result<Segments, EncodeError>;

    /// The call that counts the turn's input: its path and its body. `None` where this API has no counter.
    ///
    /// # Errors
    /// As [`Self::body`].
    fn count(&self, _: &Turn, _: &Model) -> Result<Option<(Cow<'static, str>, Segments)>, EncodeError> {
        Ok(None)
    }

    /// As [`crate::Provider::decode_count`].
    fn counted(&self, _: &Document) -> Option<u64> {
        None
    }

    /// A header that says what the body has no place for.
    fn header(&self, _: &Turn) -> Option<(HeaderName, HeaderValue)> {
        None
    }

    /// As [`crate::Provider::decoder`].
    fn decoder(&self, turn: &Turn) -> Box<dyn Decoder>;

    /// As [`crate::Provider::decode`].
    ///
    /// # Errors
    /// [`DecodeError`] for what is not this API's format.
    fn decode(&self, turn: &Turn, body: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError>;

    /// As [`crate::Provider::fault`].
    fn fault(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Fault;
}
