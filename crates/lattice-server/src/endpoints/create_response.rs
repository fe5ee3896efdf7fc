//! `POST /v1/responses`: create a response.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use lattice_gateway::Asked;
use lattice_wire::responses::response;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::body;
use crate::dialects::responses::from_wire::{self, Asking};
use crate::event_stream;
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, incoming) = request.into_parts();
    expect_json(&parts.headers)?;
    let bytes = body::read(&parts.headers, incoming, app.max_request_body_size, app.body_timeout).await?;
    let clock = app.gateway.clock();
    // Contents are slices of the body; the turn keeps it alive for as long as they are needed.
    let asking = Asking {
        id: format!("resp_{}", clock.id()),
        created_at: clock.seconds(),
        store_by_default: app.gateway.storage().is_some_and(|storage| storage.retention().store_by_default),
    };
    let turn = from_wire::turn(&bytes.into(), asking)?;
    let (stream, obfuscate) = (turn.stream, turn.obfuscation == Some(true));
    arrival.record.note(|facts| {
        facts.response_id.clone_from(&turn.id);
        facts.model.clone_from(&turn.model);
        facts.stream = stream;
    });
    let asked = Asked { turn, caller: arrival.caller(), deadline: None };
    let events = app.gateway.respond(asked, arrival.record).await?;
    if stream {
        return Ok(event_stream::respond(events, obfuscate, &app));
    }
    let response = events.finish().await?;
    Ok(answer::json(response::body(&response)))
}

/// 415 for anything that says it is something else; nothing said is taken for JSON.
fn expect_json(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(said) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let said =
        said.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if said == "application/json" || said.starts_with("application/") && said.ends_with("+json") {
        return Ok(());
    }
    Err(Problem::unsupported_media_type(&said))
}
