//! `DELETE /api/v1/session`: sign out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

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
    let Some(text) = Cookie::Session.of(&app, &headers) else {
        return Err(Problem::header("Cookie", "holds no session that could be ended"));
    };
    let authenticator = app.authenticator.load_full();
    let ended = login::sessions(&authenticator)?.end(&text).await;
    ended.map_err(|error| Problem::from(lattice_auth::Denied::Unknown(error)))?;
    if let (Some(principal), Some(administration)) = (&arrival.principal, &app.administration) {
        administration.note_sign_out(&login::actor(&app, &arrival, principal)).await?;
    }
    let cookie = Cookie::Session.clear(&app).ok_or_else(Problem::internal)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}
