//! `GET /v1/conversations/{id}`: a conversation, without its items.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::dialects::responses::conversations;
use crate::path::Id;
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    Id(id): Id,
) -> Result<Response, Problem> {
    let found = app.gateway.conversations(&arrival.caller())?.get(&id).await?;
    Ok(answer::json(conversations::object(&found)))
}
