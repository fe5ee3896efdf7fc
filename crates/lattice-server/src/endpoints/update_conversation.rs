//! `POST /v1/conversations/{id}`: put other notes in place.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::body;
use crate::dialects::responses::conversations;
use crate::path::Id;
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    Id(id): Id,
    request: Request,
) -> Result<Response, Problem> {
    let document = body::json(&app, request).await?;
    let asked = conversations::read(&document, &["metadata"])?;
    let metadata = asked.metadata.ok_or_else(|| Problem::missing("metadata"))?;
    let changed = app.gateway.conversations(&arrival.caller())?.set_metadata(&id, &metadata).await?;
    Ok(answer::json(conversations::object(&changed)))
}
