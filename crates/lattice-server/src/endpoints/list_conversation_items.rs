//! `GET /v1/conversations/{id}/items`: what a conversation holds, page by page.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::paging::{self, Asked};
use crate::path::{Id, Parameters};
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    Id(id): Id,
    Parameters(query): Parameters,
) -> Result<Response, Problem> {
    let asked = Asked::of(&query)?;
    let caller = arrival.caller();
    let conversations = app.gateway.conversations(&caller)?;
    let (items, has_more) = conversations.items(&id, asked.page(), asked.with_state).await?;
    Ok(answer::json(paging::list(&items, has_more)))
}
