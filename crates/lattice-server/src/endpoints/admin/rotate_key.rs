//! `POST /api/v1/keys/{id}/rotate`: give a key another text.

use axum::extract::Request;
use axum::response::Response;

use crate::administering::{Administering, answered};
use crate::path::Id;
use crate::problem::Problem;

pub(crate) async fn handle(asked: Administering, Id(id): Id, request: Request) -> Result<Response, Problem> {
    let body = asked.body(request).await?;
    Ok(answered(asked.administration().rotate_key(&asked.actor(), &id, &body, asked.expected).await?))
}
