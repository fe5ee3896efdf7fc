//! An answer, and its body as it arrives.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::Body;
use hyper::body::Incoming;
use lattice_gateway::UpstreamError;
use lattice_wire::{Collected, TooLarge};
use tokio::time::{Instant, Sleep};

use crate::error::SendError;
use crate::lanes::Slot;

/// How long, and over how many bytes, the end of an unread body is awaited so that its connection can be kept.
const REST_TIME: Duration = Duration::from_secs(1);
const REST_LIMIT: usize = 64 << 10;

/// The head of an answer, and its body to come.
#[derive(Debug)]
pub struct HttpAnswer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// What was added to the request's headers, or stood there, and is nobody else's.
    pub sensitive: Vec<HeaderValue>,
    /// The body. Dropping it ends the exchange (C11).
    pub body: HttpAnswerBody,
}

/// A body as it arrives, under the idle timeout and the deadline of the whole exchange.
#[derive(Debug)]
pub struct HttpAnswerBody {
    incoming: Incoming,
    /// The exchange's one timer. It may stand too early, and is then put forward when it fires: most chunks come without
    /// touching it.
    timer: Pin<Box<Sleep>>,
    idle: Duration,
    deadline: Option<Instant>,
    /// When the present wait ends, while there is one.
    wait_ends: Option<Instant>,
    is_over: bool,
    /// Held for its `Drop`.
    _place: Slot,
}

impl HttpAnswerBody {
    pub(crate) fn new(
        incoming: Incoming,
        timer: Pin<Box<Sleep>>,
        idle: Duration,
        deadline: Option<Instant>,
        place: Slot,
    ) -> Self {
        Self { incoming, timer, idle, deadline, wait_ends: None, is_over: false, _place: place }
    }

    /// The next bytes, never none of them; `None` at the end, and after an error.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, SendError>> {
        std::future::poll_fn(|context| self.poll_chunk(context)).await
    }

    /// The whole body, at most `limit` bytes of it (C13).
    ///
    /// # Errors
    /// [`SendError::TooLarge`], before more than that is in memory, or why the body broke.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, SendError> {
        let announced = self.incoming.size_hint().lower();
        if usize::try_from(announced).unwrap_or(usize::MAX) > limit {
            return Err(SendError::TooLarge { limit });
        }
        let mut whole = Collected::expecting(usize::try_from(announced).unwrap_or_default(), limit);
        while let Some(chunk) = self.chunk().await {
            whole.push(chunk?).map_err(|TooLarge| SendError::TooLarge { limit })?;
        }
        Ok(whole.finish())
    }

    /// Whoever reads has what they wanted, and only the body's end is to come, as after the last event of a stream. It is
    /// waited for in the background, briefly, so that an HTTP/1.1 connection can be kept: dropping the body would close it.
    pub fn finish(mut self) {
        if self.is_over {
            return;
        }
        tokio::spawn(async move {
            let rest = async {
                let mut bytes = 0_usize;
                while let Some(Ok(chunk)) = self.chunk().await {
                    bytes = bytes.saturating_add(chunk.len());
                    if bytes > REST_LIMIT {
                        break;
                    }
                }
            };
            // Late or not, the exchange is over for everybody.
            drop(tokio::time::timeout(REST_TIME, rest).await);
        });
    }

    /// [`Self::chunk`] for those who poll.
    pub fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, SendError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let next = match self.poll_data(context) {
            Poll::Ready(next) => next,
            Poll::Pending => Some(Err(ready!(self.poll_timer(context)))),
        };
        self.wait_ends = None;
        self.is_over = !matches!(next, Some(Ok(_)));
        Poll::Ready(next)
    }

    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, SendError>>> {
        loop {
            match ready!(Pin::new(&mut self.incoming).poll_frame(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(SendError::of_body(&error)))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Poll::Ready(Some(Ok(data))),
                    // Trailers, or a frame of padding.
                    Ok(_) | Err(_) => {}
                },
            }
        }
    }

    fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<SendError> {
        let idle = self.idle;
        let idle_ends = *self.wait_ends.get_or_insert_with(|| Instant::now() + idle);
        let ends = self.deadline.map_or(idle_ends, |deadline| deadline.min(idle_ends));
        if self.timer.deadline() > ends || self.timer.is_elapsed() {
            self.timer.as_mut().reset(ends);
        }
        while self.timer.as_mut().poll(context).is_ready() {
            if self.timer.deadline() >= ends {
                let is_total = self.deadline.is_some_and(|deadline| deadline <= idle_ends);
                return Poll::Ready(if is_total { SendError::TotalTimeout } else { SendError::IdleTimeout });
            }
            self.timer.as_mut().reset(ends);
        }
        Poll::Pending
    }
}

impl lattice_gateway::AnswerBody for HttpAnswerBody {
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, UpstreamError>>> {
        Self::poll_chunk(self, context).map(|chunk| chunk.map(|chunk| chunk.map_err(UpstreamError::from)))
    }

    fn finish(self: Box<Self>) {
        Self::finish(*self);
    }
}
