//! `GET /health`: the process runs. Always 200.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::App;

pub(super) async fn handle(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({"status": "healthy", "timestamp": app.gateway.clock().seconds(), "version": app.version}))
}
