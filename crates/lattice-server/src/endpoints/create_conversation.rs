//! `POST /v1/conversations`: make a conversation.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::body;
use crate::dialects::responses::conversations;
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    request: Request,
) -> Result<Response, Problem> {
    let document = body::json(&app, request).await?;
    let asked = conversations::read(&document, &["items", "metadata", "expires_after"])?;
    let items = asked.items.unwrap_or_default();
    let (caller, gateway) = (arrival.caller(), &app.gateway);
    let made = gateway.create_conversation(&caller, items, asked.metadata, asked.expires_after).await?;
    Ok(answer::json(conversations::object(&made)))
}
