//! `DELETE /api/v1/limits/{id}`: take a limit away.

use axum::response::Response;

use crate::administering::{Administering, answered};
use crate::path::Id;
use crate::problem::Problem;

pub(crate) async fn handle(asked: Administering, Id(id): Id) -> Result<Response, Problem> {
    Ok(answered(asked.administration().delete_limit(&asked.actor(), &id, asked.expected).await?))
}
