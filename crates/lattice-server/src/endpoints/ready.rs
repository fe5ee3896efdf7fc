//! `GET /ready`: whether requests should be sent here. 503 when not, with the check that failed.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::App;

pub(super) async fn handle(State(app): State<Arc<App>>) -> (StatusCode, Json<Value>) {
    let directory = app.gateway.directory();
    let providers = !directory.entries().is_empty();
    let accepting = !app.stopping.is_cancelled();
    let ready = providers && accepting;
    let word = |fine: bool, healthy: &str, not: &str| if fine { healthy.to_owned() } else { not.to_owned() };
    let body = json!({
        "status": word(ready, "ready", "not_ready"),
        "timestamp": app.gateway.clock().seconds(),
        "version": app.version,
        "checks": {
            "providers": word(providers, "healthy", "no provider is configured"),
            "server": word(accepting, "healthy", "shutting down"),
        },
    });
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(body))
}
