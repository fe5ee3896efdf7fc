//! `POST /auth/logout`: sign out, at the issuer too.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use lattice_auth::{Credentials, Sessions};
use lattice_store::Whose;

use crate::App;
use crate::arrival::Arrival;
use crate::cookies::Cookie;
use crate::login;
use crate::problem::Problem;

pub(crate) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let base = login::base(&app, &headers)?;
    let mut location = format!("{base}/");
    let authenticator = app.authenticator.load_full();
    if let Some(text) = Cookie::Session.of(&app, &headers) {
        login::same_origin(&app, &headers, Some(&text))?;
        let sessions = login::sessions(&authenticator)?;
        let arriving = login::arriving(&app, &arrival);
        let failed = |error| Problem::from(lattice_auth::Denied::Unknown(error));
        let session = sessions.read(&text, arriving.now).await.map_err(failed)?;
        let whom = authenticator.authenticate(&Credentials::Session(text.clone()), arriving).await;
        sessions.end(&text).await.map_err(failed)?;
        if let (Ok(principal), Some(administration)) = (&whom, &app.administration)
            && !principal.is_anonymous()
        {
            administration.note_sign_out(&login::actor(&app, &arrival, principal)).await?;
        }
        if let Some(session) = session
            && let Whose::User { issuer, .. } = &session.whose
            && let Ok(issuer) = login::issuer(&authenticator, Some(issuer))
            && let Some(id_token) = Sessions::kept(&text, &session)
            && let Some(there) = lattice_auth::sign_out(issuer, &id_token, &location, arriving.now).await
        {
            location = there;
        }
    }
    let cookie = Cookie::Session.clear(&app).ok_or_else(Problem::internal)?;
    let location = HeaderValue::try_from(location).map_err(|_| Problem::internal())?;
    let headers = [(header::LOCATION, location), (header::SET_COOKIE, cookie)];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}
