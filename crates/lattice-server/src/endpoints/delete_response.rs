//! `DELETE /v1/responses/{id}`: a stored response is gone for good.

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
    app.gateway.delete_response(&arrival.caller(), &id).await?;
    Ok(answer::deleted("response", &id))
}
