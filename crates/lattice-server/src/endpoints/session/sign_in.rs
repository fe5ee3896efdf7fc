//! `POST /api/v1/session`: sign in with a key, for a browser.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use lattice_auth::{Credentials, KeyHash, Sessions};
use lattice_store::Whose;
use secrecy::SecretString;
use serde_json::Value;

use super::get_session::object;
use crate::App;
use crate::arrival::Arrival;
use crate::cookies::Cookie;
use crate::problem::Problem;
use crate::{body, login};

pub(crate) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    request: Request,
) -> Result<Response, Problem> {
    login::same_origin(&app, request.headers(), None)?;
    let body: Value = serde_json::from_slice(&body::bytes(&app, request).await?).unwrap_or_default();
    let key = body.get("key").and_then(Value::as_str).filter(|key| !key.is_empty());
    let key = SecretString::from(key.ok_or_else(|| Problem::missing("key"))?);
    let authenticator = app.authenticator.load_full();
    let arriving = login::arriving(&app, &arrival);
    let whose = Whose::Key(*KeyHash::of(&key).bytes());
    let principal = authenticator.authenticate(&Credentials::Token(key), arriving).await?;
    // A token is over soon, and has its own way in.
    if principal.key.is_none() {
        return Err(Problem::from(lattice_auth::Denied::Invalid));
    }
    let begun = login::begin(&app, &arrival, &principal, whose, ("key", "")).await?;
    let lifetime = login::sessions(&authenticator)?.lifetime;
    let cookie = Cookie::Session.set(&app, &begun.text, lifetime).ok_or_else(Problem::internal)?;
    let session = object(&principal, Some(&Sessions::csrf_token(&begun.text)));
    let headers =
        [(header::SET_COOKIE, cookie), (header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"))];
    Ok((StatusCode::CREATED, headers, Json(session)).into_response())
}
