//! `DELETE /v1/conversations/{id}/items/{item_id}`: an item is gone; the conversation is the answer.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::dialects::responses::conversations;
use crate::path::Ids;
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    Ids(id, item): Ids,
) -> Result<Response, Problem> {
    let left = app.gateway.conversations(&arrival.caller())?.delete_item(&id, &item).await?;
    Ok(answer::json(conversations::object(&left)))
}
