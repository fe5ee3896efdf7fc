//! `DELETE /v1/responses/{id}`: a stored response is gone for good.

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
    app.gateway.delete_response(&arrival.caller(), &id).await?;
    Ok(answer::deleted("response", &id))
}
