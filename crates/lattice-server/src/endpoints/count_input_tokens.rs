//! `POST /v1/responses/input_tokens`: how many tokens a request's input has.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use lattice_gateway::Asked;
use lattice_wire::write::JsonWriter;

use crate::App;
use crate::answer;
use crate::arrival::Arrival;
use crate::body;
use crate::dialects::responses::from_wire::{self, Asking};
use crate::problem::Problem;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    request: Request,
) -> Result<Response, Problem> {
    let document = body::json(&app, request).await?;
    let clock = app.gateway.clock();
    let asking =
        Asking { id: format!("resp_{}", clock.id()), created_at: clock.seconds(), store_by_default: false };
    let turn = from_wire::turn(&document, asking)?;
    arrival.record.note(|facts| facts.model.clone_from(&turn.model));
    let asked = Asked { turn, caller: arrival.caller(), deadline: None };
    let counted = app.gateway.count_input(asked, &arrival.record).await?;
    let mut writer = JsonWriter::new();
    writer.object(|writer| {
        writer.field_str("object", "response.input_tokens");
        writer.key("input_tokens").u64(counted.count);
        writer.key("latticelm:estimated").bool(counted.is_estimate);
    });
    Ok(answer::json(writer.finish()))
}
