//! `POST /v1/responses`: create a response.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use crate::App;
use crate::body;
use crate::dialects::responses::{from_wire, to_wire};
use crate::event_stream;
use crate::problem::Problem;
use crate::request_id::RequestId;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    request_id: RequestId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, incoming) = request.into_parts();
    expect_json(&parts.headers)?;
    let bytes = body::read(&parts.headers, incoming, app.max_request_body_size, app.body_timeout).await?;
    let id = format!("resp_{}", uuid::Uuid::now_v7().simple());
    let turn = from_wire::turn(&bytes, id, app.gateway.now())?;
    // Contents are slices of the body; the turn keeps it alive for as long as they are needed.
    drop(bytes);
    let (stream, obfuscate) = (turn.stream, turn.obfuscation == Some(true));
    let events = app.gateway.respond(turn, request_id.as_str()).await?;
    if stream {
        return Ok(event_stream::respond(events, obfuscate, &app));
    }
    let response = events.finish().await;
    Ok(json(StatusCode::OK, body::of_segments(to_wire::body(&response))))
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
