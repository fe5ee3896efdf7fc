//! `GET /auth/login`: to an issuer, to sign in there.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::App;
use crate::cookies::Cookie;
use crate::login::{self, Away, SIGNING_IN};
use crate::path::Parameters;
use crate::problem::Problem;

pub(crate) async fn handle(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Parameters(query): Parameters,
) -> Result<Response, Problem> {
    let said = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let way_back = login::way_back(said("return_to"))?;
    let authenticator = app.authenticator.load_full();
    let issuer = login::issuer(&authenticator, said("issuer"))?;
    let callback = format!("{}/auth/callback", login::base(&app, &headers)?);
    let now = app.gateway.clock().seconds();
    let started =
        lattice_auth::start(issuer, &callback, now).await.map_err(|fault| Problem::of_login(&fault))?;
    let away = Away { seed: started.seed, issuer: issuer.settings().issuer.clone(), way_back };
    let cookie = Cookie::Login.set(&app, &away.to_cookie(), SIGNING_IN).ok_or_else(Problem::internal)?;
    let location = HeaderValue::try_from(started.location).map_err(|_| Problem::internal())?;
    let headers = [
        (header::LOCATION, location),
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}
