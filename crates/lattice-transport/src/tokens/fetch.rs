//! Calls to token services: small, bounded in bytes and in time.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderName, Method, Request, header};
use lattice_wire::write::Segments;
use rustls::ClientConfig;
use url::form_urlencoded;

use super::document::{self, Grant};
use crate::connections::Connections;
use crate::proxy::Proxy;
use crate::settings::Timeouts;

/// The largest answer of a token service that is read, in bytes; real ones take a few kilobytes.
const LARGEST: usize = 256 << 10;
/// The most time that one fetch may take, connecting included.
const TIME: Duration = Duration::from_secs(20);

/// Two sets of connections: public token services may need the proxy, the machine's own must not use it.
pub(super) struct Fetcher {
    public: Connections,
    local: Connections,
}

/// Where a token service is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reach {
    /// On the internet.
    Public,
    /// On this machine or on its link.
    Local,
}

impl Fetcher {
    pub(super) fn new(tls: &Arc<ClientConfig>, proxy: &Proxy) -> Self {
        let timeouts = |connect| Timeouts { connect, first_byte: TIME, idle: TIME, total: Some(TIME) };
        Self {
            public: Connections::new(Arc::clone(tls), proxy, timeouts(Duration::from_secs(10))),
            // A short connect timeout: a local service that does not exist usually never answers.
            local: Connections::new(Arc::clone(tls), &Proxy::Direct, timeouts(Duration::from_secs(3))),
        }
    }

    /// Posts a form, and reads the token.
    pub(super) async fn post(
        &self,
        address: &str,
        form: &[(&str, &str)],
        now: SystemTime,
    ) -> Result<Grant, String> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::builder()
            .method(Method::POST)
            .uri(address)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(Segments::from(Bytes::from(form)));
        self.call(Reach::Public, request, address, now).await
    }

    /// Asks the machine's token service, which wants to see a header that a redirected browser could not send.
    pub(super) async fn get(
        &self,
        address: &str,
        query: &[(&str, &str)],
        (name, value): (HeaderName, &str),
        now: SystemTime,
    ) -> Result<Grant, String> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let request =
            Request::get(format!("{address}?{query}")).header(name, value).body(Segments::default());
        self.call(Reach::Local, request, address, now).await
    }

    async fn call(
        &self,
        place: Reach,
        request: http::Result<Request<Segments>>,
        address: &str,
        now: SystemTime,
    ) -> Result<Grant, String> {
        let connections = match place {
            Reach::Public => &self.public,
            Reach::Local => &self.local,
        };
        let request = request.map_err(|error| format!("`{address}` cannot be called: {error}"))?;
        let said =
            |error: crate::SendError| format!("{address}: {error} {}", error.detail()).trim_end().to_owned();
        let answer = connections.call(request, connections.deadline()).await.map_err(said)?;
        let body = answer.body.collect(LARGEST).await.map_err(said)?;
        document::read(answer.status.as_u16(), &body, now)
    }
}
