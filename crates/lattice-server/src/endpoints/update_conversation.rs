//! `POST /v1/conversations/{id}`: put other notes in place.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::body;
use crate::dialects::responses::conversations;
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| Problem::invalid_path())?;
    let document = body::json(&app, request).await?;
    let asked = conversations::read(&document, &["metadata"])?;
    let metadata = asked.metadata.ok_or_else(|| Problem::missing("metadata"))?;
    let changed = app.gateway.conversations(&arrival.caller())?.set_metadata(&id, &metadata).await?;
    Ok(answer::json(conversations::object(&changed)))
}
