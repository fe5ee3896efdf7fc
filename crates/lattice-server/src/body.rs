//! Request bodies: bounded in size and time, unpacked when they are compressed. And bodies in pieces.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use lattice_wire::write::Segments;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::problem::Problem;

/// Reads a body of at most `limit` bytes within `time`.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    time: Duration,
) -> Result<Bytes, Problem> {
    let declared =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(Problem::too_large(limit));
    }
    let packed = match tokio::time::timeout(time, collect(body, limit, declared)).await {
        Ok(read) => read?,
        Err(_) => return Err(Problem::too_slow()),
    };
    let encoding =
        headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or_default().trim());
    match encoding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "identity") => Ok(packed),
        Some("gzip" | "x-gzip") => unpack(GzipDecoder::new(packed.as_ref()), limit).await,
        Some("zstd") => unpack(ZstdDecoder::new(packed.as_ref()), limit).await,
        Some(other) => Err(Problem::unsupported_encoding(other)),
    }
}

async fn collect(mut body: Body, limit: usize, declared: Option<usize>) -> Result<Bytes, Problem> {
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::unreadable("the connection broke"))?;
        let Ok(data) = frame.into_data() else { continue };
        let so_far = first.len().saturating_add(joined.len());
        if so_far.saturating_add(data.len()) > limit {
            return Err(Problem::too_large(limit));
        }
        if so_far == 0 {
            first = data;
        } else {
            if joined.is_empty() {
                // What was declared was checked against the limit, so it can be trusted with this much memory.
                joined.reserve(declared.unwrap_or_default().max(so_far.saturating_add(data.len())));
                joined.extend_from_slice(&std::mem::take(&mut first));
            }
            joined.extend_from_slice(&data);
        }
    }
    Ok(if joined.is_empty() { first } else { joined.freeze() })
}

async fn unpack(decoder: impl AsyncRead + Unpin, limit: usize) -> Result<Bytes, Problem> {
    let mut unpacked = Vec::new();
    // One byte beyond the limit tells a body that fits from one that does not.
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    match decoder.take(most).read_to_end(&mut unpacked).await {
        Ok(_) if unpacked.len() > limit => Err(Problem::too_large(limit)),
        Ok(_) => Ok(unpacked.into()),
        Err(_) => Err(Problem::unreadable("it is not what its content encoding says")),
    }
}

/// A body of pieces that are sent without being joined.
pub(crate) fn of_segments(segments: Segments) -> Body {
    let left = segments.len();
    Body::new(Pieces { pieces: segments.into_pieces().into(), left })
}

struct Pieces {
    pieces: VecDeque<Bytes>,
    left: usize,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.pop_front();
        self.left = self.left.saturating_sub(piece.as_ref().map_or(0, Bytes::len));
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.left).unwrap_or(u64::MAX))
    }
}
