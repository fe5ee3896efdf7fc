//! Every route in one table.

mod add_conversation_items;
mod admin;
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
mod session;
mod update_conversation;

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodRouter, get, post};

use crate::App;
use crate::access::Access::{self, Callers, Public};
use crate::access::guarded;
use crate::problem::{method_not_allowed, not_found};

/// A path, who may use it, and what it does.
type Route = (&'static str, Access, MethodRouter<Arc<App>>);

/// Every route, who may use it, and what it does.
fn table() -> Vec<Route> {
    let mut table = admin::table();
    table.extend(session::table());
    table.extend(public());
    table
}

fn public() -> Vec<Route> {
    vec![
        // The public API
        ("/v1/responses", Callers, post(create_response::handle)),
        ("/v1/responses/input_tokens", Callers, post(count_input_tokens::handle)),
        ("/v1/responses/{id}", Callers, get(get_response::handle).delete(delete_response::handle)),
        ("/v1/responses/{id}/input_items", Callers, get(list_input_items::handle)),
        ("/v1/conversations", Callers, post(create_conversation::handle)),
        (
            "/v1/conversations/{id}",
            Callers,
            get(get_conversation::handle)
                .post(update_conversation::handle)
                .delete(delete_conversation::handle),
        ),
        (
            "/v1/conversations/{id}/items",
            Callers,
            get(list_conversation_items::handle).post(add_conversation_items::handle),
        ),
        (
            "/v1/conversations/{id}/items/{item_id}",
            Callers,
            get(get_conversation_item::handle).delete(delete_conversation_item::handle),
        ),
        ("/v1/models", Callers, get(list_models::handle)),
        ("/v1/models/{*id}", Callers, get(get_model::handle)),
        // For those who run it
        ("/health", Public, get(health::handle)),
        ("/ready", Public, get(ready::handle)),
        // For those who read
        ("/openapi.json", Public, get(openapi::handle)),
        ("/docs", Public, get(docs::handle)),
    ]
}

pub(crate) fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let mut router = Router::new();
    for (path, access, handlers) in table() {
        router = router.route(path, guarded(app, access, handlers));
    }
    router.fallback(not_found).method_not_allowed_fallback(method_not_allowed)
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a3_the_description_says_who_may_use_each_route() {
        let document: Value = serde_json::from_str(openapi::document()).unwrap();
        for (path, access, _) in table() {
            let path = path.replace("{*", "{");
            for (method, operation) in document["paths"][&path].as_object().unwrap() {
                let method: Method = method.to_uppercase().parse().unwrap();
                assert_eq!(operation["x-roles"], json!(access.roles(&method)), "{method} {path}");
            }
        }
    }
}
