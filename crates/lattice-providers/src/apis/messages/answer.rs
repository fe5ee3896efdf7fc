//! A whole message: the same blocks as a stream's, each at once.

use lattice_model::{AnswerFacts, Delta, Turn};
use lattice_wire::Document;
use lattice_wire::Str;
use lattice_wire::anthropic::Message;

use super::stream::MessageEvents;
use crate::error::DecodeError;

pub(super) fn decode(
    turn: &Turn,
    origin: &str,
    body: &Document,
    deltas: &mut Vec<Delta>,
) -> Result<(), DecodeError> {
    let message: Message<'_> =
        lattice_wire::parse(body).map_err(|error| DecodeError::Malformed(error.to_string()))?;
    if message.stop_reason.is_none() {
        return Err(DecodeError::Malformed("the message has no `stop_reason`".to_owned()));
    }
    let mut events = MessageEvents::new(turn, origin);
    let upstream_id = message.id.map(Str::plain);
    deltas.push(Delta::Begin(AnswerFacts { upstream_id, ..AnswerFacts::default() }));
    for block in &message.content {
        events.start(block, body, deltas);
        events.stop(deltas);
    }
    events.count(message.usage, deltas);
    events.reason(message.stop_reason, message.stop_details.as_ref(), body, deltas);
    events.conclude(deltas);
    Ok(())
}
