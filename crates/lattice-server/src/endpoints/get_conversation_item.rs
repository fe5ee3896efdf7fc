//! `GET /v1/conversations/{id}/items/{item_id}`: one item of a conversation.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::paging;
use crate::path::{Ids, Parameters};
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    Ids(id, item): Ids,
    Parameters(query): Parameters,
) -> Result<Response, Problem> {
    let with_state = paging::only_include(&query)?;
    let found = app.gateway.conversations(&arrival.caller())?.item(&id, &item, with_state).await?;
    Ok(answer::item(&found))
}
