//! The seam to whatever opens sockets.

use std::fmt::Debug;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use lattice_wire::write::Segments;

use crate::mask::Secrets;

/// A way to one provider entry: pools, timeouts and credentials are behind it.
pub trait Upstream: Debug + Send + Sync {
    /// Sends a request; done when the answer's headers are there. Dropping the future, or later the body, ends the exchange (C11).
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Answer, UpstreamError>>;
}

/// One exchange that is to be made.
#[derive(Debug)]
pub struct Call {
    /// What is sent.
    pub request: http::Request<Segments>,
    /// When the turn has to be over, if it has to: tokens and connecting count too. The entry's own `total` applies beside it.
    pub deadline: Option<Instant>,
}

/// The head of an answer, and its body to come.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// What was added to the request and must not come back in anybody's words: tokens, the operator's headers.
    pub secrets: Secrets,
    /// The body. Dropping it ends the exchange.
    pub body: Box<dyn AnswerBody>,
}

impl Debug for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// A body as it arrives.
pub trait AnswerBody: Send {
    /// The next bytes; `None` at its end.
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, UpstreamError>>>;

    /// Everything that was wanted has been read, and only the body's end is missing: the connection may be kept for it.
    fn finish(self: Box<Self>);
}

/// The next bytes of a body; `None` at its end. Dropping the future loses nothing.
pub(crate) async fn chunk(body: &mut dyn AnswerBody) -> Option<Result<Bytes, UpstreamError>> {
    std::future::poll_fn(|context| body.poll_chunk(context)).await
}

/// Why an exchange failed. Texts are for the log, except where they are said to be safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// No connection could be made.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// One of the timeouts passed: which, in words that are safe for the client.
    #[error("{0}")]
    Timeout(&'static str),
    /// The connection broke.
    #[error("broken: {0}")]
    Broken(String),
    /// The body is larger than this limit, in bytes.
    #[error("larger than {0} bytes")]
    TooLarge(usize),
    /// No token could be had.
    #[error("no credentials: {0}")]
    Credentials(String),
}
