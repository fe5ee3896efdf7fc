//! Every route in one table.

mod add_conversation_items;
mod count_input_tokens;
mod create_conversation;
mod create_response;
mod delete_conversation;
mod delete_conversation_item;
mod delete_response;
mod docs;
mod get_conversation;
mod get_conversation_item;
mod get_model;
mod get_response;
mod health;
mod list_conversation_items;
mod list_input_items;
mod list_models;
pub(crate) mod openapi;
mod ready;
mod update_conversation;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::App;
use crate::problem::{method_not_allowed, not_found};

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        // The public API
        .route("/v1/responses", post(create_response::handle))
        .route("/v1/responses/input_tokens", post(count_input_tokens::handle))
        .route("/v1/responses/{id}", get(get_response::handle).delete(delete_response::handle))
        .route("/v1/responses/{id}/input_items", get(list_input_items::handle))
        .route("/v1/conversations", post(create_conversation::handle))
        .route(
            "/v1/conversations/{id}",
            get(get_conversation::handle)
                .post(update_conversation::handle)
                .delete(delete_conversation::handle),
        )
        .route(
            "/v1/conversations/{id}/items",
            get(list_conversation_items::handle).post(add_conversation_items::handle),
        )
        .route(
            "/v1/conversations/{id}/items/{item_id}",
            get(get_conversation_item::handle).delete(delete_conversation_item::handle),
        )
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
