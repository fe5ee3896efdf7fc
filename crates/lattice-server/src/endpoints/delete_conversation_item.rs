//! `DELETE /v1/conversations/{id}/items/{item_id}`: an item is gone; the conversation is the answer.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::dialects::responses::conversations;
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    ids: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let Path((id, item)) = ids.map_err(|_| Problem::invalid_path())?;
    let left = app.gateway.conversations(&arrival.caller())?.delete_item(&id, &item).await?;
    Ok(answer::json(conversations::object(&left)))
}
