//! `POST /v1/responses`: create a response.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use lattice_gateway::Asked;
use lattice_wire::responses::response;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::body;
use crate::dialects::responses::from_wire::{self, Asking};
use crate::event_stream;
use crate::limits;
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    request: Request,
) -> Result<Response, Problem> {
    let document = body::json(&app, request).await?;
    let clock = app.gateway.clock();
    // Contents are slices of the body; the turn keeps it alive for as long as they are needed.
    let asking = Asking {
        id: format!("resp_{}", clock.id()),
        created_at: clock.seconds(),
        store_by_default: app.gateway.storage().is_some_and(|storage| storage.retention().store_by_default),
    };
    let turn = from_wire::turn(&document, asking)?;
    let (stream, obfuscate) = (turn.stream, turn.obfuscation == Some(true));
    arrival.record.note(|facts| {
        facts.response_id.clone_from(&turn.id);
        facts.model.clone_from(&turn.model);
        facts.stream = stream;
    });
    let asked = Asked { turn, caller: arrival.caller(), deadline: None };
    let events = app.gateway.respond(asked, arrival.record).await?;
    let state = events.limits();
    let mut answer = if stream {
        event_stream::respond(events, obfuscate, &app)
    } else {
        let response = events.finish().await?;
        answer::json(response::body(&response))
    };
    limits::tell(answer.headers_mut(), &state);
    Ok(answer)
}
