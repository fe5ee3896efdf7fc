//! `GET /v1/responses/{id}`: a stored response, as the client got it.

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use lattice_wire::write::Segments;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::paging::{self, includes_encrypted};
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<paging::Query>, QueryRejection>,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| Problem::invalid_path())?;
    let Query(query) = query.map_err(|_| Problem::invalid_query())?;
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
