//! The transport of the process, and the way to one provider entry.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, Request, header};
use lattice_gateway::{Call, Secrets, UpstreamError};
use lattice_providers::Credential;
use lattice_wire::write::Segments;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use tokio::time::Instant;

use crate::answer::HttpAnswer;
use crate::client::Client;
use crate::connections::Connections;
use crate::error::SendError;
use crate::proxy::Proxy;
use crate::settings::{Surroundings, UpstreamSettings};
use crate::tls;
use crate::tokens::Tokens;

/// What all upstreams of the process share: the TLS configuration and the surroundings.
#[derive(Debug, Clone)]
pub struct Transport {
    tls: Arc<ClientConfig>,
    surroundings: Arc<Surroundings>,
}

/// Why there can be no transport.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// In a build without usable cryptography.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The authorities to trust cannot be read.
    #[error("{0}")]
    Roots(String),
}

impl Transport {
    /// Trusts what the machine trusts. Reads the machine's certificates, which takes some milliseconds.
    ///
    /// # Errors
    /// [`TransportError`] says what is wrong.
    pub fn new(surroundings: Surroundings) -> Result<Self, TransportError> {
        let roots = tls::system_roots(surroundings.chosen_roots).map_err(TransportError::Roots)?;
        let tls = tls::config(roots)?;
        Ok(Self { tls, surroundings: Arc::new(surroundings) })
    }

    /// Trusts these certificates alone.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_roots(
        surroundings: Surroundings,
        roots: impl IntoIterator<Item = CertificateDer<'static>>,
    ) -> Result<Self, TransportError> {
        let tls = tls::config(tls::roots_of(roots))?;
        Ok(Self { tls, surroundings: Arc::new(surroundings) })
    }

    /// A client for what is no provider.
    pub fn client(&self, proxy: &Proxy) -> Client {
        Client::new(&self.tls, proxy)
    }

    /// The way to one provider entry, with pools of its own (E1).
    pub fn upstream(&self, settings: UpstreamSettings) -> HttpUpstream {
        let tokens = match settings.credential {
            Credential::InHeaders => None,
            Credential::Bearer(source) => {
                let (tls, surroundings) = (Arc::clone(&self.tls), Arc::clone(&self.surroundings));
                Some(Arc::new(Tokens::new(
                    settings.name.clone(),
                    source,
                    &tls,
                    &settings.proxy,
                    surroundings,
                )))
            }
        };
        let mut headers = settings.headers;
        for (_, value) in &mut headers {
            value.set_sensitive(true);
        }
        let connections = Connections::new(Arc::clone(&self.tls), &settings.proxy, settings.timeouts);
        HttpUpstream { name: settings.name, connections, headers, tokens }
    }
}

/// The way to one provider entry: pools, timeouts and credentials.
#[derive(Debug)]
pub struct HttpUpstream {
    name: String,
    connections: Connections,
    headers: Vec<(HeaderName, HeaderValue)>,
    tokens: Option<Arc<Tokens>>,
}

impl HttpUpstream {
    /// The provider entry's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends a request; done when the head of the answer is there. Dropping the future, or later the body, ends the call. It has to be
    /// over by `deadline`, and within the entry's own total.
    ///
    /// # Errors
    /// [`SendError`]. An answer with an error status is an answer.
    pub async fn send(
        &self,
        mut request: Request<Segments>,
        deadline: Option<Instant>,
    ) -> Result<HttpAnswer, SendError> {
        let deadline = [deadline, self.connections.deadline()].into_iter().flatten().min();
        if let Some(tokens) = &self.tokens {
            let token = match deadline {
                None => tokens.bearer().await?,
                Some(deadline) => tokio::time::timeout_at(deadline, tokens.bearer())
                    .await
                    .map_err(|_| SendError::TotalTimeout)??,
            };
            request.headers_mut().insert(header::AUTHORIZATION, token);
        }
        for (name, value) in &self.headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        self.connections.call(request, deadline).await
    }
}

impl lattice_gateway::Upstream for HttpUpstream {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<lattice_gateway::Answer, UpstreamError>> {
        Box::pin(async move {
            let answer = self.send(call.request, call.deadline.map(Instant::from_std)).await?;
            Ok(lattice_gateway::Answer {
                status: answer.status.as_u16(),
                headers: answer.headers,
                secrets: Secrets::of_values(answer.sensitive),
                body: Box::new(answer.body),
            })
        })
    }
}
