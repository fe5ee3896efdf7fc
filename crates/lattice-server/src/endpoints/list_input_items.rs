//! `GET /v1/responses/{id}/input_items`: what a stored response was asked with.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::paging::Asked;
use crate::path::{Id, Parameters};
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    Id(id): Id,
    Parameters(query): Parameters,
) -> Result<Response, Problem> {
    let page = Asked::of(&query)?;
    let items = app.gateway.input_items(&arrival.caller(), &id).await?;
    page.cut(items).map(answer::json)
}
