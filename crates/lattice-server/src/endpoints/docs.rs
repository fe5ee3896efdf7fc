//! `GET /docs`: a page that a person can read, without anything from elsewhere.

use axum::response::Html;

pub(super) async fn handle() -> Html<&'static str> {
    Html(include_str!("../../docs.html"))
}
