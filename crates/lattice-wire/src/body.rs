//! A document as the body of an HTTP message.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::write::Segments;

/// Sends a document piece by piece as it was written. Nothing is copied, and the length is known, so that HTTP/1.1 sends
/// `Content-Length` instead of chunks.
#[derive(Debug)]
pub struct SegmentsBody {
    pieces: std::vec::IntoIter<Bytes>,
    left: u64,
}

impl From<Segments> for SegmentsBody {
    fn from(segments: Segments) -> Self {
        let left = u64::try_from(segments.len()).unwrap_or(u64::MAX);
        Self { pieces: segments.into_pieces().into_iter(), left }
    }
}

impl Body for SegmentsBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.find(|piece| !piece.is_empty());
        if let Some(piece) = &piece {
            self.left = self.left.saturating_sub(u64::try_from(piece.len()).unwrap_or(u64::MAX));
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
