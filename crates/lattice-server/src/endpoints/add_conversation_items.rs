//! `POST /v1/conversations/{id}/items`: add items to a conversation.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::body;
use crate::dialects::responses::conversations;
use crate::paging;
use crate::path::{Id, Parameters};
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    Id(id): Id,
    Parameters(query): Parameters,
    request: Request,
) -> Result<Response, Problem> {
    paging::only_include(&query)?;
    let document = body::json(&app, request).await?;
    let asked = conversations::read(&document, &["items"])?;
    let items = asked.items.filter(|items| !items.is_empty()).ok_or_else(|| Problem::missing("items"))?;
    let added = app.gateway.add_items(&arrival.caller(), &id, items).await?;
    Ok(answer::json(paging::list(&added, false)))
}
