//! `GET /auth/callback`: back from an issuer, signed in or not.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use lattice_auth::LoginFault;
use lattice_store::Whose;
use secrecy::ExposeSecret;

use crate::App;
use crate::arrival::Arrival;
use crate::cookies::Cookie;
use crate::login::{self, Away};
use crate::path::Parameters;
use crate::problem::Problem;

pub(crate) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    headers: HeaderMap,
    Parameters(query): Parameters,
) -> Result<Response, Problem> {
    let fault = |fault: LoginFault| Problem::of_login(&fault);
    let away = Cookie::Login.of(&app, &headers).and_then(|cookie| Away::of_cookie(&cookie));
    let away = away.ok_or_else(|| fault(LoginFault::Foreign))?;
    let way_back = login::way_back(Some(&away.way_back))?;
    let authenticator = app.authenticator.load_full();
    let issuer = login::issuer(&authenticator, Some(&away.issuer))?;
    let callback = format!("{}/auth/callback", login::base(&app, &headers)?);
    let arriving = login::arriving(&app, &arrival);
    // Each makes the gateway ask the issuer: nobody may do so without end.
    authenticator.expect_patience(arriving)?;
    let signed_in = match lattice_auth::finish(issuer, &callback, &away.seed, &query, arriving.now).await {
        Ok(signed_in) => signed_in,
        Err(why) => {
            authenticator.note_wrong(arriving);
            return Err(fault(why));
        }
    };
    let principal = authenticator.vouched_for(issuer, &signed_in.claims, arriving).await?;
    let name = issuer.settings().issuer.clone();
    let tenant = principal.owner.tenant.to_string();
    let whose = Whose::User { issuer: name.clone(), subject: signed_in.claims.subject.clone(), tenant };
    let begun =
        login::begin(&app, &arrival, &principal, whose, (&name, signed_in.id_token.expose_secret())).await?;
    // Whoever was signed in here before is not any more.
    if let Some(before) = Cookie::Session.of(&app, &headers) {
        let _ = login::sessions(&authenticator)?.end(&before).await;
    }
    let lifetime = login::sessions(&authenticator)?.lifetime;
    let session = Cookie::Session.set(&app, &begun.text, lifetime).ok_or_else(Problem::internal)?;
    let done = Cookie::Login.clear(&app).ok_or_else(Problem::internal)?;
    let location = HeaderValue::try_from(way_back).map_err(|_| Problem::internal())?;
    let headers = AppendHeaders([
        (header::LOCATION, location),
        (header::SET_COOKIE, session),
        (header::SET_COOKIE, done),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ]);
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}
