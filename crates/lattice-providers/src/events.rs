//! From a stream's bytes to a provider's events: what all providers with server-sent events share.

use bytes::Bytes;
use lattice_model::Delta;
use lattice_wire::Document;
use lattice_wire::sse::SseReader;

use crate::error::DecodeError;
use crate::provider::Decoder;

/// The largest event that is taken, in bytes: an image made by a model fits.
const EVENT_LIMIT: usize = 64 << 20;

/// What a provider makes of one event.
pub trait EventDecoder: Send {
    /// Takes the next event. `name` is empty where the stream has no `event:` lines.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] for a known event in an unknown shape; unknown events are skipped.
    fn event(&mut self, name: &[u8], data: Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError>;

    /// The stream is over. Some providers mark no end of their own: they report it here.
    ///
    /// # Errors
    /// [`DecodeError::Cut`] where the answer is not over.
    fn finish(&mut self, deltas: &mut Vec<Delta>) -> Result<(), DecodeError>;
}

/// Cuts a body into events for an [`EventDecoder`].
#[derive(Debug)]
pub struct SseDecoder<D> {
    reader: SseReader,
    decoder: D,
}

impl<D: EventDecoder> SseDecoder<D> {
    /// Reads with `decoder`.
    pub fn new(decoder: D) -> Self {
        Self { reader: SseReader::new(EVENT_LIMIT), decoder }
    }
}

impl<D: EventDecoder> Decoder for SseDecoder<D> {
    fn feed(&mut self, chunk: Bytes, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        let mut failed = None;
        let decoder = &mut self.decoder;
        let fed = self.reader.feed(chunk, |event| {
            if failed.is_none() {
                failed = decoder.event(&event.name, event.data.into(), deltas).err();
            }
        });
        match (failed, fed) {
            (Some(error), _) => Err(error),
            (None, Err(too_large)) => Err(DecodeError::TooLarge { limit: too_large.limit }),
            (None, Ok(())) => Ok(()),
        }
    }

    fn finish(&mut self, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        // A bare object at the very end is whole where it is JSON, and a cut one where it is not.
        let decoder = &mut self.decoder;
        let mut last = Ok(());
        self.reader.finish(|event| {
            last = decoder.event(&event.name, event.data.into(), deltas).map_err(|_| DecodeError::Cut);
        });
        last?;
        if self.reader.is_mid_event() && !deltas.iter().any(|delta| matches!(delta, Delta::End(_))) {
            // What stands in the middle of an event may be anything: the decoder judges only whole ones.
            return self.decoder.finish(deltas).and(Err(DecodeError::Cut));
        }
        self.decoder.finish(deltas)
    }
}
