//! `DELETE /v1/conversations/{id}`: a conversation and its items are gone for good.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::path::Id;
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    Id(id): Id,
) -> Result<Response, Problem> {
    app.gateway.conversations(&arrival.caller())?.delete(&id).await?;
    Ok(answer::deleted("conversation.deleted", &id))
}
