//! `GET /v1/models`: the declared models.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use lattice_gateway::ListedModel;
use serde_json::{Value, json};

use crate::App;

pub(super) async fn handle(State(app): State<Arc<App>>) -> Json<Value> {
    let directory = app.gateway.directory();
    let data: Vec<Value> = directory.models().map(|model| object(&model)).collect();
    Json(json!({"object": "list", "data": data}))
}

/// A model as `OpenAI`'s SDKs read it, and the provider entry behind it.
pub(super) fn object(model: &ListedModel) -> Value {
    json!({
        "id": model.name,
        "object": "model",
        // When a model was made is not known here; the field has to be there.
        "created": 0,
        "owned_by": &*model.provider,
        "provider": &*model.provider,
    })
}
