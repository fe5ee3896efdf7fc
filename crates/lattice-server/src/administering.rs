//! What every route of the administration begins and ends with.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use lattice_admin::{Actor, Administration, Answer, Named};
use lattice_auth::{Arriving, Credentials, Principal};
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
    credentials: Credentials,
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

    /// The body that they sent. It may have taken its time, so their rights are looked at again.
    pub(crate) async fn body(&self, request: Request) -> Result<Bytes, Problem> {
        let body = body::bytes(&self.app, request).await?;
        let arriving = Arriving { address: self.arrival.client, now: self.app.gateway.clock().seconds() };
        let authenticator = self.app.authenticator.load_full();
        let now = authenticator.authenticate(&self.credentials, arriving).await?;
        if *now != *self.principal {
            return Err(Problem::changed_rights());
        }
        Ok(body)
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
        let credentials = access::credentials(app, &parts.headers);
        Ok(Self { app: Arc::clone(app), arrival, principal, administration, named, credentials, expected })
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
    let mut all = headers.get_all(header::IF_MATCH).iter();
    let Some(said) = all.next() else { return Ok(None) };
    let wrong = || Problem::header("If-Match", "must be one `ETag` such as `\"3\"`, or `*`");
    if all.next().is_some() {
        return Err(wrong());
    }
    let said = said.to_str().unwrap_or_default().trim();
    if said == "*" {
        return Ok(None);
    }
    let tag = said.strip_prefix("W/").unwrap_or(said).strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    let tag = tag.filter(|tag| !tag.contains('"')).ok_or_else(wrong)?;
    // A weak tag matches nothing here, nor does one that is written otherwise than ours.
    let version = tag.parse::<i64>().ok().filter(|version| said == format!("\"{version}\""));
    Ok(Some(version.unwrap_or(i64::MIN)))
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
