//! A provider that is called over HTTP: an API, the address where it is served, and what opens the door there.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use lattice_model::{Delta, Fault, Turn};
use lattice_wire::Document;
use lattice_wire::write::Segments;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::apis::Codec;
use crate::error::{DecodeError, EncodeError};
use crate::provider::{Credential, Decoder, Exchange, Model, Provider};

/// What cannot stand in a path's segment, and a little more.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What every kind but the demo is made of.
#[derive(Debug)]
pub(crate) struct Served {
    address: Address,
    headers: HeaderMap,
    credential: Credential,
    codec: Box<dyn Codec>,
}

/// Where an API is served.
#[derive(Debug)]
pub(crate) struct Address {
    /// What stands before the API's path, without a trailing slash.
    base: String,
    /// Whether the model's id stands between base and path.
    names_model: bool,
    /// What stands behind the path, with its `?`.
    query: String,
}

impl Address {
    /// Base and the API's path.
    pub(crate) fn at(base: impl Into<String>) -> Self {
        Self { base: base.into(), names_model: false, query: String::new() }
    }

    /// With the model's id between the two.
    pub(crate) fn naming_model(mut self) -> Self {
        self.names_model = true;
        self
    }

    /// With a query; only for APIs whose path has none.
    pub(crate) fn with_query(mut self, query: String) -> Self {
        self.query = query;
        self
    }

    fn of(&self, path: &str, model: &str) -> String {
        let Self { base, query, .. } = self;
        if self.names_model {
            return format!("{base}/{}{path}{query}", utf8_percent_encode(model, SEGMENT));
        }
        format!("{base}{path}{query}")
    }
}

impl Served {
    /// Without a credential.
    pub(crate) fn new(address: Address, codec: impl Codec + 'static) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Self { address, headers, credential: Credential::InHeaders, codec: Box::new(codec) }
    }

    /// With a header on every call.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// With a token that the transport has to get, where it is not a header's.
    pub(crate) fn with_credential(mut self, credential: Credential) -> Self {
        self.credential = credential;
        self
    }

    fn call(
        &self,
        path: &str,
        body: Segments,
        model: &Model,
    ) -> Result<Box<http::Request<Segments>>, EncodeError> {
        let mut request = http::Request::new(body);
        *request.method_mut() = http::Method::POST;
        // The base was checked when the provider was made, so only the model's name can be at fault.
        *request.uri_mut() = self.address.of(path, &model.id).parse().map_err(|error| {
            EncodeError::invalid("model", format!("the model's id does not fit into an address: {error}"))
        })?;
        *request.headers_mut() = self.headers.clone();
        Ok(Box::new(request))
    }

    /// As a provider.
    pub(crate) fn boxed(self) -> Box<dyn Provider> {
        Box::new(self)
    }
}

impl Provider for Served {
    fn encode(&self, turn: &Turn, model: &Model) -> Result<Exchange, EncodeError> {
        let path = self.codec.path(turn, model)?;
        let mut request = self.call(&path, self.codec.body(turn, model)?, model)?;
        if let Some((name, value)) = self.codec.header(turn) {
            request.headers_mut().insert(name, value);
        }
        Ok(Exchange::Call(request))
    }

    fn encode_count(
        &self,
        turn: &Turn,
        model: &Model,
    ) -> Result<Option<Box<http::Request<Segments>>>, EncodeError> {
        let Some((path, body)) = self.codec.count(turn, model)? else { return Ok(None) };
        self.call(&path, body, model).map(Some)
    }

    fn decode_count(&self, body: &Document) -> Option<u64> {
        self.codec.counted(body)
    }

    fn decoder(&self, turn: &Turn) -> Box<dyn Decoder> {
        self.codec.decoder(turn)
    }

    fn decode(&self, turn: &Turn, body: &Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        self.codec.decode(turn, body, deltas)
    }

    fn fault(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Fault {
        self.codec.fault(status, headers, body)
    }

    fn credential(&self) -> Credential {
        self.credential.clone()
    }
}
