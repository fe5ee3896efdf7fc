//! A whole answer: the same pieces as a stream's, all at once.

use bytes::Bytes;
use lattice_model::Delta;

use super::stream::Events;
use crate::error::DecodeError;
use crate::events::EventDecoder;

pub(super) fn decode(mut events: Events, body: &Bytes, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
    events.event(b"", body.clone(), deltas)?;
    events.finish(deltas)
}
