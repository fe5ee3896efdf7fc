//! `POST /api/v1/keys`: make a key.

use axum::extract::Request;
use axum::response::Response;

use crate::administering::{Administering, answered};
use crate::problem::Problem;

pub(crate) async fn handle(asked: Administering, request: Request) -> Result<Response, Problem> {
    let body = asked.body(request).await?;
    Ok(answered(asked.administration().create_key(&asked.actor(), &body).await?))
}
