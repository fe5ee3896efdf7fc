//! `GET /v1/models/{id}`: one declared model. An id may hold slashes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::list_models::object;
use crate::App;
use crate::arrival::Arrival;
use crate::path::Id;
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    Id(id): Id,
) -> Result<Json<Value>, Problem> {
    let caller = arrival.caller();
    match app
        .gateway
        .directory()
        .model(&id)
        .filter(|model| caller.may_use(&model.name) && caller.may_reach(&model.provider))
    {
        Some(model) => Ok(Json(object(&model))),
        None => Err(Problem::model_not_found(&id)),
    }
}
