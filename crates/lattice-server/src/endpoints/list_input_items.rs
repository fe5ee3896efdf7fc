//! `GET /v1/responses/{id}/input_items`: what a stored response was asked with.

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::paging::{self, Asked};
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<paging::Query>, QueryRejection>,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| Problem::invalid_path())?;
    let Query(query) = query.map_err(|_| Problem::invalid_query())?;
    let page = Asked::of(&query)?;
    let items = app.gateway.input_items(&arrival.caller(), &id).await?;
    page.cut(items).map(answer::json)
}
