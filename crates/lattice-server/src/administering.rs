//! What every route of the administration begins and ends with.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use lattice_admin::{Actor, Administration, Answer, Named};
use lattice_auth::{Credentials, Principal};
use serde_json::Value;

use crate::App;
use crate::arrival::Arrival;
use crate::problem::Problem;
use crate::{access, body};

/// Somebody who administers, and what they want to do it to.
#[derive(Debug)]
pub(crate) struct Administering {
    app: Arc<App>,
    arrival: Arrival,
    principal: Arc<Principal>,
    administration: Arc<Administration>,
    named: Option<Named>,
    /// The version that they have read, where they say so.
    pub(crate) expected: Option<i64>,
}

impl Administering {
    /// The administration.
    pub(crate) fn administration(&self) -> &Administration {
        &self.administration
    }

    /// Who they are to it.
    pub(crate) fn actor(&self) -> Actor<'_> {
        let clock = self.app.gateway.clock();
        Actor {
            principal: &self.principal,
            address: self.arrival.client,
            request_id: self.arrival.request_id.to_str().unwrap_or_default(),
            now: clock.seconds(),
            new_id: clock.id(),
            named: self.named.clone(),
        }
    }

    /// The body that they sent.
    pub(crate) async fn body(&self, request: Request) -> Result<Bytes, Problem> {
        body::bytes(&self.app, request).await
    }
}

impl FromRequestParts<Arc<App>> for Administering {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Ok(arrival) = Arrival::from_request_parts(parts, app).await;
        // Only routes that do not ask who somebody is have none.
        let principal = arrival.principal.clone().ok_or_else(Problem::missing_key)?;
        let administration = app.administration.clone().ok_or_else(Problem::no_database)?;
        let (named, expected) = (named(app, &parts.headers)?, expected(&parts.headers)?);
        Ok(Self { app: Arc::clone(app), arrival, principal, administration, named, expected })
    }
}

/// The name of a request that may be sent again.
fn named(app: &App, headers: &HeaderMap) -> Result<Option<Named>, Problem> {
    let Some(name) = headers.get("idempotency-key") else { return Ok(None) };
    let name = name.to_str().map_err(|_| Problem::header("Idempotency-Key", "must be plain text"))?;
    match access::credentials(app, headers) {
        Credentials::Token(credential) | Credentials::Session(credential) => {
            Ok(Some(Named { name: name.to_owned(), credential }))
        }
        Credentials::None | Credentials::Unclear => Ok(None),
    }
}

/// The version in `If-Match`.
fn expected(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(said) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let said = said.to_str().unwrap_or_default().trim();
    if said == "*" {
        return Ok(None);
    }
    let version = said.trim_start_matches("W/").strip_prefix('"').and_then(|said| said.strip_suffix('"'));
    let version = version.and_then(|version| version.parse().ok());
    version.map(Some).ok_or_else(|| Problem::header("If-Match", "must be an `ETag` such as `\"3\"`"))
}

/// An object as it is now, with its version.
pub(crate) fn answered(answer: Answer) -> Response {
    let status = if answer.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = (status, Json(answer.body)).into_response();
    let headers = response.headers_mut();
    if let Some(tag) = answer.version.and_then(|version| HeaderValue::try_from(format!("\"{version}\"")).ok())
    {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A list.
pub(crate) fn listed(list: Value) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(list)).into_response()
}
