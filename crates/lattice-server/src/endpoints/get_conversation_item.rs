//! `GET /v1/conversations/{id}/items/{item_id}`: one item of a conversation.

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::paging;
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    ids: Result<Path<(String, String)>, PathRejection>,
    query: Result<Query<paging::Query>, QueryRejection>,
) -> Result<Response, Problem> {
    let Path((id, item)) = ids.map_err(|_| Problem::invalid_path())?;
    let Query(query) = query.map_err(|_| Problem::invalid_query())?;
    let with_state = paging::only_include(&query)?;
    let found = app.gateway.conversations(&arrival.caller())?.item(&id, &item, with_state).await?;
    Ok(answer::item(&found))
}
