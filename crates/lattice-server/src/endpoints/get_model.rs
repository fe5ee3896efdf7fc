//! `GET /v1/models/{id}`: one declared model. An id may hold slashes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::list_models::object;
use crate::App;
use crate::path::Id;
use crate::problem::Problem;

pub(super) async fn handle(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<Value>, Problem> {
    match app.gateway.directory().model(&id) {
        Some(model) => Ok(Json(object(&model))),
        None => Err(Problem::model_not_found(&id)),
    }
}
