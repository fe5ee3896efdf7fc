//! `GET /openapi.json`: the API, described.

use axum::http::header;
use axum::response::IntoResponse;

/// The document. Its schemas are those of the Open Responses standard, version 2026-04-24; its paths are this server's.
pub fn document() -> &'static str {
    include_str!("../../openapi.json")
}

pub(super) async fn handle() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document())
}
