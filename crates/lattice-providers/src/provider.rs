//! The two traits that a provider implements.

use lattice_wire::Document;
use std::fmt::Debug;

use bytes::Bytes;
use http::HeaderMap;
use lattice_model::{Delta, Fault, Turn};
use lattice_wire::write::Segments;
use secrecy::SecretString;

use crate::error::{DecodeError, EncodeError};

/// A provider: a codec, not a client.
pub trait Provider: Debug + Send + Sync {
    /// Writes the turn as this provider's request, streamed or not as `turn.stream` says.
    ///
    /// # Errors
    /// [`EncodeError`] names the parameter that this provider or model cannot honour: nothing is dropped in silence.
    fn encode(&self, turn: &Turn, model: &Model) -> Result<Exchange, EncodeError>;

    /// Reads one streamed answer to `turn`.
    fn decoder(&self, turn: &Turn) -> Box<dyn Decoder>;

    /// Reads an answer that was not streamed: [`Delta::Whole`] for each item, then usage and [`Delta::End`].
    ///
    /// # Errors
    /// [`DecodeError`] for what is not this provider's format.
    fn decode(&self, turn: &Turn, body: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError>;

    /// The call that counts the turn's input tokens; `None` where the provider has no counter.
    ///
    /// # Errors
    /// As [`Self::encode`].
    fn encode_count(&self, _: &Turn, _: &Model) -> Result<Option<Box<http::Request<Segments>>>, EncodeError> {
        Ok(None)
    }

    /// The tokens that such a call has counted; `None` for what is not this provider's format.
    fn decode_count(&self, _: &Document) -> Option<u64> {
        None
    }

    /// What an answer with an error status means. Never fails: what cannot be read is judged by its status. The provider's words in it
    /// are raw.
    fn fault(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Fault;

    /// What the transport has to add before a call can be made, beyond the headers that [`Self::encode`] wrote.
    fn credential(&self) -> Credential {
        Credential::InHeaders
    }

    /// The models that this provider offers when none is declared; for the demo and for nobody else.
    fn own_models(&self) -> &[&'static str] {
        &[]
    }
}

/// Bytes in, deltas out.
pub trait Decoder: Send {
    /// Takes the next bytes of the body, cut anywhere.
    ///
    /// # Errors
    /// [`DecodeError`] for what is not this provider's format, or too large.
    fn feed(&mut self, chunk: Bytes, deltas: &mut Vec<Delta>) -> Result<(), DecodeError>;

    /// The body is over.
    ///
    /// # Errors
    /// [`DecodeError::Cut`] unless a [`Delta::End`] was reported: a body that merely stops is no answer.
    fn finish(&mut self, deltas: &mut Vec<Delta>) -> Result<(), DecodeError>;
}

/// How an answer is got.
#[derive(Debug)]
pub enum Exchange {
    /// By this call.
    Call(Box<http::Request<Segments>>),
    /// It is known already: this provider needs no call.
    Known(Vec<Delta>),
}

/// The model that a turn goes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Model {
    /// The provider's id for it.
    pub id: String,
    /// The most output tokens it can make, where the configuration says so.
    pub max_output_tokens: Option<u64>,
    /// Its context window in tokens, where the configuration says so.
    pub context_window: Option<u64>,
}

/// What the transport has to add to a call.
#[derive(Debug, Clone)]
pub enum Credential {
    /// Nothing: the headers are complete.
    InHeaders,
    /// `Authorization: Bearer` with a token that has to be fetched and kept fresh.
    Bearer(TokenSource),
}

/// Where a token comes from.
#[derive(Debug, Clone)]
pub enum TokenSource {
    /// Microsoft Entra ID, client credentials of an app registration.
    EntraClientSecret {
        /// Base of the token service, without a trailing slash: `https://login.microsoftonline.com` for the public cloud.
        authority: String,
        /// The directory.
        tenant_id: String,
        /// The app registration.
        client_id: String,
        /// Its secret.
        client_secret: SecretString,
        /// Such as `https://cognitiveservices.azure.com/.default`.
        scope: String,
    },
    /// Microsoft Entra ID, the machine's managed identity.
    EntraManagedIdentity {
        /// A user-assigned identity; the system's own when absent.
        client_id: Option<String>,
        /// Such as `https://cognitiveservices.azure.com`.
        resource: String,
    },
    /// Google Cloud, a credentials file: a service account's or a user's. The text of the file.
    GoogleCredentials {
        /// The file's JSON.
        json: SecretString,
        /// Such as `https://www.googleapis.com/auth/cloud-platform`.
        scope: String,
    },
    /// Google Cloud, application default credentials: the file that `GOOGLE_APPLICATION_CREDENTIALS` names, gcloud's own
    /// file, or the metadata server, in this order.
    GoogleDefault {
        /// As above.
        scope: String,
    },
}
