//! What is known of a request when it arrives: its id, where it came from, and its record, which every request has.
//!
//! The outermost layer makes it and the handlers get it as a parameter. Between the two it travels as the request's extension, because
//! axum has no other way; both ends stand in this file, and a handler without the layer gets an arrival of its own.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
use lattice_auth::{Principal, Role};
use lattice_gateway::{Caller, Record, TurnRecord};
use lattice_store::Owner;

use crate::{App, client};

/// `x-request-id`
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// At most this much of a path goes into the record, in characters.
const PATH_SHOWN: usize = 256;

/// The address at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// A request that has arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// In answers and in the log.
    pub(crate) request_id: HeaderValue,
    /// Where it came from.
    pub(crate) client: Option<IpAddr>,
    /// Who asks, where the route wants to know.
    pub(crate) principal: Option<Arc<Principal>>,
    /// What becomes of it.
    pub(crate) record: Record,
}

impl Arrival {
    /// The request has just arrived.
    pub(crate) fn enter<B>(app: &App, request: &mut Request<B>) -> Self {
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
        let client = peer.map(|peer| client::of(peer, request.headers(), &app.trusted_proxies));
        let (method, path) = (request.method().as_str(), request.uri().path());
        let arrival = Self::of(app, request.headers(), client, (method, path));
        request.extensions_mut().insert(arrival.clone());
        arrival
    }

    /// Who asks.
    pub(crate) fn caller(&self) -> Caller {
        let address = self.client;
        match &self.principal {
            None => Caller {
                owner: nobody(),
                user: None,
                key: None,
                limits: None,
                sees_tenant: false,
                models: Some(Arc::from([])),
                providers: None,
                address,
            },
            Some(principal) => {
                let bounds = &principal.bounds;
                let (models, providers) = (bounds.models.clone(), bounds.providers.clone());
                let sees_tenant = principal.role >= Role::Admin;
                Caller {
                    owner: principal.owner.clone(),
                    user: principal.user.clone(),
                    key: principal.key.as_ref().map(|key| Arc::clone(&key.id)),
                    limits: bounds.limits.clone(),
                    sees_tenant,
                    models,
                    providers,
                    address,
                }
            }
        }
    }

    fn of(app: &App, headers: &HeaderMap, client: Option<IpAddr>, (method, path): (&str, &str)) -> Self {
        let request_id = request_id(headers, app);
        let record = app.gateway.record(TurnRecord {
            request_id: request_id.to_str().unwrap_or_default().to_owned(),
            client,
            method: method.to_owned(),
            path: path.chars().take(PATH_SHOWN).collect(),
            ..TurnRecord::default()
        });
        Self { request_id, client, principal: None, record }
    }
}

/// Whoever comes by a route that does not ask who they are: nothing is theirs.
fn nobody() -> Owner {
    Owner { tenant: "".into(), issuer: "".into(), subject: "".into() }
}

/// Takes the caller's id if it is sane: 1 to 128 letters, digits, `-`, `_`, `.` and `:`. Else one of ours.
fn request_id(headers: &HeaderMap, app: &App) -> HeaderValue {
    let sane = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    match headers.get(REQUEST_ID) {
        Some(said) if (1..=128).contains(&said.len()) && said.as_bytes().iter().all(sane) => said.clone(),
        _ => HeaderValue::try_from(format!("req_{}", app.gateway.clock().id()))
            .unwrap_or(HeaderValue::from_static("req_0")),
    }
}

impl FromRequestParts<Arc<App>> for Arrival {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let mut arrival = match parts.extensions.get::<Self>() {
            Some(arrival) => arrival.clone(),
            None => Self::of(app, &parts.headers, None, (parts.method.as_str(), parts.uri.path())),
        };
        arrival.principal = parts.extensions.get::<Arc<Principal>>().cloned();
        if let Some(principal) = &arrival.principal {
            arrival.record.note(|facts| {
                principal.owner.tenant.as_ref().clone_into(&mut facts.tenant);
                principal.owner.subject.as_ref().clone_into(&mut facts.caller);
            });
        }
        Ok(arrival)
    }
}
