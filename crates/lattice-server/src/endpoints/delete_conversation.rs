//! `DELETE /v1/conversations/{id}`: a conversation and its items are gone for good.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| Problem::invalid_path())?;
    app.gateway.conversations(&arrival.caller())?.delete(&id).await?;
    Ok(answer::deleted("conversation.deleted", &id))
}
