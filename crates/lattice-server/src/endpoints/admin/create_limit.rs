//! `POST /api/v1/limits`: set a limit.

use axum::extract::Request;
use axum::response::Response;

use crate::administering::{Administering, answered};
use crate::problem::Problem;

pub(crate) async fn handle(asked: Administering, request: Request) -> Result<Response, Problem> {
    let body = asked.body(request).await?;
    Ok(answered(asked.administration().create_limit(&asked.actor(), &body).await?))
}
