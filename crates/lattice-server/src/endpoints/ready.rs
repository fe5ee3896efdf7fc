//! `GET /ready`: whether requests should be sent here. 503 when not, with the check that failed; `degraded` where the store is away.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use lattice_limits::Policy;
use serde_json::{Value, json};

use crate::App;
use crate::readiness::{Report, StorageReport};

pub(super) async fn handle(State(app): State<Arc<App>>) -> (StatusCode, Json<Value>) {
    let directory = app.gateway.directory();
    let providers = !directory.entries().is_empty();
    let accepting = !app.stopping.is_cancelled();
    let storage = app.storage.as_ref().map_or(Report::Healthy, StorageReport::now);
    // A store that is away takes with it what needs it, and nothing else: whoever sends requests here should go on (E8). One that this
    // version cannot work with is another matter (D5).
    let ready = providers && accepting && !matches!(storage, Report::Unusable(_));
    let limiter = match app.gateway.limiter().report() {
        lattice_limits::Report::Local => "in process",
        lattice_limits::Report::Shared => "healthy",
        lattice_limits::Report::Away(Policy::Open) => "Redis is away: each replica counts by itself",
        lattice_limits::Report::Away(Policy::Closed) => "Redis is away: nobody who is limited is admitted",
    };
    let is_limiting = !matches!(app.gateway.limiter().report(), lattice_limits::Report::Away(_));
    let is_whole = storage == Report::Healthy && is_limiting;
    let storage = match (&app.storage, storage) {
        (None, _) => "disabled".to_owned(),
        (_, Report::Healthy) => "healthy".to_owned(),
        (_, Report::Away(why) | Report::Unusable(why)) => why,
    };
    let word = |fine: bool, healthy: &str, not: &str| if fine { healthy.to_owned() } else { not.to_owned() };
    let body = json!({
        "status": word(ready, if is_whole { "ready" } else { "degraded" }, "not_ready"),
        "timestamp": app.gateway.clock().seconds(),
        "version": app.version,
        "checks": {
            "conversation_store": storage,
            "rate_limiter": limiter,
            "providers": word(providers, "healthy", "no provider is configured"),
            "server": word(accepting, "healthy", "shutting down"),
        },
    });
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(body))
}
