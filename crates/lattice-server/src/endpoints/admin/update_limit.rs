//! `PATCH /api/v1/limits/{id}`: change a limit.

use axum::extract::Request;
use axum::response::Response;

use crate::administering::{Administering, answered};
use crate::path::Id;
use crate::problem::Problem;

pub(crate) async fn handle(asked: Administering, Id(id): Id, request: Request) -> Result<Response, Problem> {
    let body = asked.body(request).await?;
    Ok(answered(asked.administration().update_limit(&asked.actor(), &id, &body, asked.expected).await?))
}
