//! `GET /api/v1/users`: a page of users.

use axum::response::Response;

use crate::administering::{Administering, listed};
use crate::path::Parameters;
use crate::problem::Problem;

pub(crate) async fn handle(asked: Administering, Parameters(query): Parameters) -> Result<Response, Problem> {
    Ok(listed(asked.administration().list_users(&asked.actor(), &query).await?))
}
