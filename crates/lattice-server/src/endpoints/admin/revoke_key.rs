//! `DELETE /api/v1/keys/{id}`: revoke a key.

use axum::response::Response;

use crate::administering::{Administering, answered};
use crate::path::Id;
use crate::problem::Problem;

pub(crate) async fn handle(asked: Administering, Id(id): Id) -> Result<Response, Problem> {
    Ok(answered(asked.administration().revoke_key(&asked.actor(), &id, asked.expected).await?))
}
