//! `GET /api/v1/audit`: a page of what was done in the administration.

use axum::response::Response;

use crate::administering::{Administering, listed};
use crate::path::Parameters;
use crate::problem::Problem;

pub(crate) async fn handle(asked: Administering, Parameters(query): Parameters) -> Result<Response, Problem> {
    Ok(listed(asked.administration().list_audit(&asked.actor(), &query).await?))
}
