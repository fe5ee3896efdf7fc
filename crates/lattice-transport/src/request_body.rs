//! A request's body, sent piece by piece as it was written.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use lattice_wire::write::Segments;

/// Nothing is copied, and the length is known, so that HTTP/1.1 sends `Content-Length` instead of chunks.
pub(crate) struct RequestBody {
    pieces: std::vec::IntoIter<Bytes>,
    left: u64,
}

impl From<Segments> for RequestBody {
    fn from(segments: Segments) -> Self {
        let left = u64::try_from(segments.len()).unwrap_or(u64::MAX);
        Self { pieces: segments.into_pieces().into_iter(), left }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let piece = this.pieces.find(|piece| !piece.is_empty());
        if let Some(piece) = &piece {
            this.left = this.left.saturating_sub(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
