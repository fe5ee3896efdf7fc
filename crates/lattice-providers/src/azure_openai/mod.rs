//! `azureopenai`: `OpenAI`'s APIs on Azure. The body is the same; address and credentials are Azure's.

mod config;
mod request;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use lattice_model::{Delta, Fault, Turn};

use crate::Kind;
use crate::codec::{Credential, Decoder, Exchange, Model, Provider};
use crate::error::{DecodeError, EncodeError};
use crate::openai::{Codec, call};

pub(crate) use config::entra;

/// The kind.
pub(crate) const KIND: Kind = Kind { name: "azureopenai", build: config::build };

/// A resource of Azure `OpenAI`.
#[derive(Debug)]
struct AzureOpenAi {
    base: String,
    /// A date selects the older addresses, which name the deployment; else the `v1` addresses are used.
    dated: Option<String>,
    key: Option<HeaderValue>,
    credential: Credential,
    codec: Codec,
}

impl Provider for AzureOpenAi {
    fn encode(&self, turn: &Turn, model: &Model) -> Result<Exchange, EncodeError> {
        let body = self.codec.body(turn, model)?;
        let key = self.key.clone().map(|key| (HeaderName::from_static("api-key"), key));
        call(&request::address(&self.base, self.dated.as_deref(), &self.codec, &model.id), key, body)
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

    fn credential(&self) -> Credential {
        self.credential.clone()
    }
}
