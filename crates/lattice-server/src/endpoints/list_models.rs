//! `GET /v1/models`: the declared models.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use lattice_gateway::ListedModel;
use lattice_model::Word;
use serde_json::{Map, Value, json};

use crate::App;
use crate::arrival::Arrival;

pub(super) async fn handle(State(app): State<Arc<App>>, arrival: Arrival) -> Json<Value> {
    let caller = arrival.caller();
    let directory = app.gateway.directory();
    let data: Vec<Value> = directory
        .models()
        .filter(|model| caller.may_use(&model.name) && caller.may_reach(&model.provider))
        .map(|model| object(&model))
        .collect();
    Json(json!({"object": "list", "data": data}))
}

/// A model as `OpenAI`'s SDKs read it, the provider entry behind it, and what was declared about it.
pub(super) fn object(model: &ListedModel) -> Value {
    let mut object = Map::new();
    let mut set = |name: &str, value: Value| object.insert(name.to_owned(), value);
    set("id", model.name.as_str().into());
    set("object", "model".into());
    // When a model was made is not known here; the field has to be there.
    set("created", 0.into());
    set("owned_by", (*model.provider).into());
    set("provider", (*model.provider).into());
    if let Some(limit) = model.max_output_tokens {
        set("max_output_tokens", limit.into());
    }
    if let Some(window) = model.context_window {
        set("context_window", window.into());
    }
    if let Some(capabilities) = &model.capabilities {
        set("capabilities", capabilities.iter().map(|capability| capability.name()).collect());
    }
    object.into()
}
