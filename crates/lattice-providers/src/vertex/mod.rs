//! `vertexai`: Gemini on Vertex AI, with the codec of `google`:
//! <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference>.

mod config;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use lattice_model::{Delta, Fault, Turn};

use crate::Kind;
use crate::codec::{Credential, Decoder, Exchange, Model, Provider};
use crate::error::{DecodeError, EncodeError};
use crate::gemini::{Codec, MEANINGS};

/// The kind.
pub(crate) const KIND: Kind = Kind { name: "vertexai", build: config::build };

/// Vertex AI.
#[derive(Debug)]
struct Vertex {
    /// Up to where the model's id goes.
    models: String,
    /// An API key, of the express mode.
    key: Option<HeaderValue>,
    credential: Credential,
    codec: Codec,
}

impl Provider for Vertex {
    fn encode(&self, turn: &Turn, model: &Model) -> Result<Exchange, EncodeError> {
        self.codec.exchange(&self.models, self.key.clone(), turn, model)
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

    fn credential(&self) -> Credential {
        self.credential.clone()
    }
}
