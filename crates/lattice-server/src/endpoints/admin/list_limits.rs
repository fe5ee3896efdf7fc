//! `GET /api/v1/limits`: a page of limits.

use axum::response::Response;

use crate::administering::{Administering, listed};
use crate::path::Parameters;
use crate::problem::Problem;

pub(crate) async fn handle(asked: Administering, Parameters(query): Parameters) -> Result<Response, Problem> {
    Ok(listed(asked.administration().list_limits(&asked.actor(), &query).await?))
}
