//! `POST /v1/responses`: create a response.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use lattice_gateway::{Asked, Caller};
use lattice_wire::SegmentsBody;

use crate::App;
use crate::arrival::Arrival;
use crate::body;
use crate::dialects::responses::{from_wire, to_wire};
use crate::event_stream;
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    Arrival { client, record, .. }: Arrival,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, incoming) = request.into_parts();
    expect_json(&parts.headers)?;
    let bytes = body::read(&parts.headers, incoming, app.max_request_body_size, app.body_timeout).await?;
    let clock = app.gateway.clock();
    // Contents are slices of the body; the turn keeps it alive for as long as they are needed.
    let turn = from_wire::turn(&bytes.into(), format!("resp_{}", clock.id()), clock.seconds())?;
    let (stream, obfuscate) = (turn.stream, turn.obfuscation == Some(true));
    record.note(|facts| {
        facts.response_id.clone_from(&turn.id);
        facts.model.clone_from(&turn.model);
        facts.stream = stream;
    });
    let asked = Asked { turn, caller: Caller { address: client }, deadline: None };
    let events = app.gateway.respond(asked, record).await?;
    if stream {
        return Ok(event_stream::respond(events, obfuscate, &app));
    }
    let response = events.finish().await;
    Ok(json(StatusCode::OK, Body::new(SegmentsBody::from(to_wire::body(&response)))))
}

fn json(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
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
