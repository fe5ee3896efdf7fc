//! `GET /v1/responses/{id}`: a stored response, as the client got it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use lattice_wire::write::Segments;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::paging::includes_encrypted;
use crate::path::{Id, Parameters};
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    Id(id): Id,
    Parameters(query): Parameters,
) -> Result<Response, Problem> {
    let is_known = |name: &str| ["include", "include[]", "include_obfuscation"].contains(&name);
    for (name, value) in &query {
        match name.as_str() {
            "stream" if value == "false" => {}
            "stream" | "starting_after" => {
                let message =
                    format!("`{name}` is not supported by this version; ask for the whole response");
                return Err(Problem::query(name, &message));
            }
            name if is_known(name) => {}
            other => return Err(Problem::query(other, &format!("`{other}` is not known here; take it out"))),
        }
    }
    let with_state = includes_encrypted(&query)?;
    let response = app.gateway.stored_response(&arrival.caller(), &id, with_state).await?;
    Ok(answer::json(Segments::from(response.raw().clone())))
}
