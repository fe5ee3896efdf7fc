//! `GET /api/v1/session`: who the caller is, and what they may do.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use lattice_auth::{Credentials, Principal, Sessions};
use lattice_model::Word;
use serde_json::{Value, json};

use crate::App;
use crate::access;
use crate::administering::listed;
use crate::arrival::Arrival;
use crate::problem::Problem;

pub(crate) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let principal = arrival.principal.clone().ok_or_else(Problem::missing_key)?;
    let csrf_token = match access::credentials(&app, &headers) {
        Credentials::Session(text) => Some(Sessions::csrf_token(&text)),
        _ => None,
    };
    Ok(listed(object(&principal, csrf_token.as_deref())))
}

/// Somebody, as they see themselves.
pub(super) fn object(principal: &Principal, csrf_token: Option<&str>) -> Value {
    let owner = &principal.owner;
    let role = principal.role.name();
    json!({
        "object": "session",
        "issuer": Some(&*owner.issuer).filter(|issuer| !issuer.is_empty()),
        "subject": &*owner.subject,
        "tenant_id": &*owner.tenant,
        "user_id": principal.user.as_deref(),
        "key_id": principal.key.as_ref().map(|key| &*key.id),
        "role": role,
        "permissions": permissions(role),
        "csrf_token": csrf_token,
    })
}

/// The operations that a role may use, by their ids in the description.
fn permissions(role: &str) -> &'static [String] {
    static ALL: LazyLock<HashMap<String, Vec<String>>> = LazyLock::new(|| {
        let document: Value = serde_json::from_str(super::super::openapi::document()).unwrap_or_default();
        let mut all: HashMap<String, Vec<String>> = HashMap::new();
        let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
        for operation in paths.filter_map(|(_, path)| path.as_object()).flat_map(|path| path.values()) {
            let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default();
            for role in operation.get("x-roles").and_then(Value::as_array).into_iter().flatten() {
                all.entry(role.as_str().unwrap_or_default().to_owned()).or_default().push(id.to_owned());
            }
        }
        all
    });
    ALL.get(role).map(Vec::as_slice).unwrap_or_default()
}
