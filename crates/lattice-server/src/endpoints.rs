//! Every route in one table.

mod create_response;
mod delete_response;
mod docs;
mod get_model;
mod get_response;
mod health;
mod list_input_items;
mod list_models;
pub(crate) mod openapi;
mod ready;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::App;
use crate::problem::{method_not_allowed, not_found};

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        // The public API
        .route("/v1/responses", post(create_response::handle))
        .route("/v1/responses/{id}", get(get_response::handle).delete(delete_response::handle))
        .route("/v1/responses/{id}/input_items", get(list_input_items::handle))
        .route("/v1/models", get(list_models::handle))
        .route("/v1/models/{*id}", get(get_model::handle))
        // For those who run it
        .route("/health", get(health::handle))
        .route("/ready", get(ready::handle))
        // For those who read
        .route("/openapi.json", get(openapi::handle))
        .route("/docs", get(docs::handle))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
}
