//! `demo`: answers without any provider, so that the first request of a newcomer works. The same request always gets the
//! same answer.

mod answer;
mod sample;

use bytes::Bytes;
use http::HeaderMap;
use lattice_model::{Delta, Fault, Turn};
use lattice_wire::Document;

use super::Kind;
use crate::error::{DecodeError, EncodeError, SettingsError};
use crate::faults::Meanings;
use crate::foreign;
use crate::provider::{Decoder, Exchange, Model, Provider};
use crate::settings::Settings;

/// The kind.
pub(super) const KIND: Kind = Kind::new("demo", &[], build);

/// The demo. It has no state.
#[derive(Debug)]
struct Demo;

#[expect(clippy::unnecessary_wraps, reason = "the signature is that of all kinds")]
fn build(_: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    Ok(Box::new(Demo))
}

impl Provider for Demo {
    fn encode(&self, turn: &Turn, _: &Model) -> Result<Exchange, EncodeError> {
        foreign::refuse(turn, &[])?;
        let sampling = &turn.sampling;
        let penalties = [
            ("presence_penalty", sampling.presence_penalty),
            ("frequency_penalty", sampling.frequency_penalty),
        ];
        for (param, value) in penalties {
            if value.is_some_and(|value| value != 0.0) {
                return Err(EncodeError::unsupported(
                    param,
                    format!("the demo draws no tokens; leave `{param}` out"),
                ));
            }
        }
        if turn.include.logprobs || sampling.top_logprobs.is_some_and(|most| most > 0) {
            return Err(EncodeError::unsupported(
                "top_logprobs",
                "the demo has no log probabilities; leave them out",
            ));
        }
        Ok(Exchange::Known(answer::deltas(turn)))
    }

    fn decoder(&self, _: &Turn) -> Box<dyn Decoder> {
        Box::new(Nothing)
    }

    fn decode(&self, _: &Turn, _: &Document, _: &mut Vec<Delta>) -> Result<(), DecodeError> {
        Err(DecodeError::Cut)
    }

    fn fault(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Fault {
        Meanings::of(&[]).of_answer(status, headers, body)
    }

    fn own_models(&self) -> &[&'static str] {
        &["demo"]
    }
}

/// The demo makes no calls, so there is nothing to decode.
struct Nothing;

impl Decoder for Nothing {
    fn feed(&mut self, _: Bytes, _: &mut Vec<Delta>) -> Result<(), DecodeError> {
        Ok(())
    }

    fn finish(&mut self, _: &mut Vec<Delta>) -> Result<(), DecodeError> {
        Err(DecodeError::Cut)
    }
}
