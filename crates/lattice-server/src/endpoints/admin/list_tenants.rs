//! `GET /api/v1/tenants`: a page of tenants.

use axum::response::Response;

use crate::administering::{Administering, listed};
use crate::path::Parameters;
use crate::problem::Problem;

pub(crate) async fn handle(asked: Administering, Parameters(query): Parameters) -> Result<Response, Problem> {
    Ok(listed(asked.administration().list_tenants(&asked.actor(), &query).await?))
}
