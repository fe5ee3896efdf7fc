//! A whole answer: the same pieces as a stream's, all at once.

use lattice_model::Delta;
use lattice_wire::Document;

use super::stream::Chunks;
use crate::error::DecodeError;
use crate::events::EventDecoder;

pub(super) fn decode(
    mut events: Chunks,
    body: &Document,
    deltas: &mut Vec<Delta>,
) -> Result<(), DecodeError> {
    events.event(b"", body.clone(), deltas)?;
    events.finish(deltas)
}
