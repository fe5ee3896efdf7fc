//! `POST /v1/conversations/{id}/items`: add items to a conversation.

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::response::Response;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::body;
use crate::dialects::responses::conversations;
use crate::paging;
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<paging::Query>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| Problem::invalid_path())?;
    let Query(query) = query.map_err(|_| Problem::invalid_query())?;
    paging::only_include(&query)?;
    let document = body::json(&app, request).await?;
    let asked = conversations::read(&document, &["items"])?;
    let items = asked.items.filter(|items| !items.is_empty()).ok_or_else(|| Problem::missing("items"))?;
    let added = app.gateway.add_items(&arrival.caller(), &id, items).await?;
    Ok(answer::json(paging::list(&added, false)))
}
