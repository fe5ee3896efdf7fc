//! `GET /api/v1/limits/{id}`: a limit.

use axum::response::Response;

use crate::administering::{Administering, answered};
use crate::path::Id;
use crate::problem::Problem;

pub(crate) async fn handle(asked: Administering, Id(id): Id) -> Result<Response, Problem> {
    Ok(answered(asked.administration().get_limit(&asked.actor(), &id).await?))
}
