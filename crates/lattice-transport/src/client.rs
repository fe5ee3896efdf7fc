//! A small client for what is no provider, such as an issuer of tokens or another gateway's administration: bounded in bytes and in time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use lattice_wire::write::Segments;
use rustls::ClientConfig;

use crate::connections::Connections;
use crate::proxy::Proxy;
use crate::settings::Timeouts;

/// The largest answer that is read, in bytes.
const LARGEST: usize = 4 << 20;

/// The most time that one call may take, connecting included.
const TIME: Duration = Duration::from_secs(20);

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(10);

/// A small client. It follows no redirects.
#[derive(Debug)]
pub struct Client(Connections);

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Client {
    pub(crate) fn new(tls: &Arc<ClientConfig>, proxy: &Proxy) -> Self {
        let timeouts = Timeouts { connect: CONNECTING, first_byte: TIME, idle: TIME, total: Some(TIME) };
        Self(Connections::new(Arc::clone(tls), proxy, timeouts))
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// Why there is none. An answer with an error status is an answer.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Fetched, String> {
        let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let said =
            |error: crate::SendError| format!("{host}: {error} {}", error.detail()).trim_end().to_owned();
        let request = request.map(Segments::from);
        let answer = self.0.call(request, self.0.deadline()).await.map_err(said)?;
        let (status, headers) = (answer.status, answer.headers);
        Ok(Fetched { status, headers, body: answer.body.collect(LARGEST).await.map_err(said)? })
    }
}
