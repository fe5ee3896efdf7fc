//! What a peer may leave undone, and for how long: no byte, half a head, no next request, not reading what it gets.
//!
//! A connection is in one of four phases. Bytes and requests move it on, and [`Pulse::stopped`] is done when a phase has lasted too long.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Sleep;

/// How HTTP/2 begins, which HTTP/1.1 cannot.
const HTTP2: &[u8] = b"PRI";

/// How long a peer may take for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// To send its first request's head, and each later one once it has begun.
    pub(crate) head: Duration,
    /// To begin the next request.
    pub(crate) idle: Duration,
    /// To take anything of what it gets.
    pub(crate) write: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A head is awaited, or has begun.
    Head,
    /// Requests are under way.
    Busy(usize),
    /// The last one is over.
    Idle,
}

/// The state of a connection, which its socket and its requests tell.
#[derive(Debug)]
pub(crate) struct Pulse {
    phase: Mutex<Phase>,
    changed: Notify,
    /// What is to be written in place of waiting for the rest of a head.
    last_word: Mutex<Option<Vec<u8>>>,
    reader: AtomicWaker,
}

/// How a connection has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// A head took too long.
    Head,
    /// Nothing was asked for any more.
    Idle,
}

impl Pulse {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            phase: Mutex::new(Phase::Head),
            changed: Notify::new(),
            last_word: Mutex::default(),
            reader: AtomicWaker::new(),
        })
    }

    /// Done when the peer has left something undone for too long.
    pub(crate) async fn stopped(&self, times: Times) -> Stopped {
        loop {
            let changed = self.changed.notified();
            let phase = *self.phase();
            let (time, how) = match phase {
                Phase::Busy(_) => {
                    changed.await;
                    continue;
                }
                Phase::Head => (times.head, Stopped::Head),
                Phase::Idle => (times.idle, Stopped::Idle),
            };
            if tokio::time::timeout(time, changed).await.is_err() && *self.phase() == phase {
                return how;
            }
        }
    }

    /// Says this and no more, instead of waiting for the rest of a head.
    pub(crate) fn say_last(&self, word: Vec<u8>) {
        *self.last_word.lock().unwrap_or_else(PoisonError::into_inner) = Some(word);
        self.reader.wake();
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn go(&self, next: impl FnOnce(Phase) -> Phase) {
        let mut phase = self.phase();
        let before = *phase;
        *phase = next(before);
        if *phase != before {
            drop(phase);
            self.changed.notify_one();
        }
    }

    /// A request has arrived; it is under way for as long as this is there.
    pub(crate) fn begin(self: &Arc<Self>) -> Underway {
        self.go(|phase| match phase {
            Phase::Busy(count) => Phase::Busy(count.saturating_add(1)),
            Phase::Head | Phase::Idle => Phase::Busy(1),
        });
        Underway(Arc::clone(self))
    }
}

/// A request that is under way.
#[derive(Debug)]
pub(crate) struct Underway(Arc<Pulse>);

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.go(|phase| match phase {
            Phase::Busy(count) if count > 1 => Phase::Busy(count.saturating_sub(1)),
            _ => Phase::Idle,
        });
    }
}

/// The body of an answer, which ends its request when it is gone.
#[derive(Debug)]
pub(crate) struct Answering<B> {
    body: B,
    _underway: Underway,
}

impl<B> Answering<B> {
    pub(crate) fn new(body: B, underway: Underway) -> Self {
        Self { body, _underway: underway }
    }
}

impl<B: Body + Unpin> Body for Answering<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket that tells when bytes come, and that gives up on a peer that takes none.
pub(crate) struct Watched<S> {
    socket: S,
    pulse: Arc<Pulse>,
    write: Duration,
    /// Since when nothing could be written.
    stuck: Option<Pin<Box<Sleep>>>,
    /// Known from its first bytes on.
    is_http2: Option<bool>,
}

impl<S> Watched<S> {
    pub(crate) fn new(socket: S, pulse: Arc<Pulse>, times: Times) -> Self {
        Self { socket, pulse, write: times.write, stuck: None, is_http2: None }
    }

    fn came(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let is_http2 = *self
            .is_http2
            .get_or_insert_with(|| bytes.starts_with(HTTP2.get(..bytes.len().min(3)).unwrap_or(HTTP2)));
        if !is_http2 {
            // HTTP/2 says things between requests, which are none.
            self.pulse.go(|phase| if phase == Phase::Idle { Phase::Head } else { phase });
        }
    }

    /// Gives up when nothing was taken for too long.
    fn taken<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let write = self.write;
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep(write)));
        match stuck.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.pulse.reader.register(context.waker());
        let word = this.pulse.last_word.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(word) = word {
            // As far as it goes: whoever does not read has no right to it.
            let _ = Pin::new(&mut this.socket).poll_write(context, &word);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.socket).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = read {
            this.came(buffer.filled().get(before..).unwrap_or_default());
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.taken(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(context, pieces);
        self.taken(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(context);
        self.taken(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.socket).poll_shutdown(context);
        self.taken(context, shut)
    }
}
