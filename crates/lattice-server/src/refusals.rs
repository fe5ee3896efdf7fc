//! What the HTTP library refuses by itself, a head that is too large or no HTTP at all, gets the envelope and the record that every other
//! refusal has (E9). The library offers no hook for its own answers, but they are told by what all of ours have and they have not.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use lattice_gateway::{Ending, TurnRecord};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::App;
use crate::arrival::{Peer, REQUEST_ID};
use crate::problem::Problem;

/// A connection whose bare refusals are put into the envelope.
pub(crate) struct Enveloped<S> {
    socket: S,
    app: Arc<App>,
    peer: Peer,
    /// What is written in place of a refusal, and how much of the library's bytes it stands for.
    instead: Option<(Bytes, usize)>,
}

impl<S> Enveloped<S> {
    pub(crate) fn new(socket: S, app: Arc<App>, peer: Peer) -> Self {
        Self { socket, app, peer, instead: None }
    }

    /// The status of a bare refusal: the head of an answer without a request id.
    fn bare_refusal(head: &[u8]) -> Option<u16> {
        let status = head.strip_prefix(b"HTTP/1.1 ").or_else(|| head.strip_prefix(b"HTTP/1.0 "))?.get(..3)?;
        if status.first() != Some(&b'4')
            || memchr::memmem::find(head, REQUEST_ID.as_str().as_bytes()).is_some()
        {
            return None;
        }
        std::str::from_utf8(status).ok()?.parse().ok()
    }

    fn envelope(&self, status: u16) -> Bytes {
        envelope(&self.app, self.peer, status).into()
    }
}

/// What a client is told whose head does not come to its end.
pub(crate) fn too_slow(app: &App, peer: Peer) -> Vec<u8> {
    envelope(app, peer, 408)
}

fn envelope(app: &App, peer: Peer, status: u16) -> Vec<u8> {
    let problem = Problem::unreadable_head(status);
    let id = format!("req_{}", app.gateway.clock().id());
    let body = problem.body();
    let (status, reason) = (problem.status(), problem.status().canonical_reason().unwrap_or_default());
    drop(app.gateway.record(TurnRecord {
        request_id: id.clone(),
        client: Some(peer.0),
        status: status.as_u16(),
        code: problem.code().to_owned(),
        ending: Ending::Answered,
        ..TurnRecord::default()
    }));
    let head = format!(
        "HTTP/1.1 {} {reason}\r\ncontent-type: application/json\r\nx-request-id: {id}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        status.as_u16(),
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

impl<S: AsyncWrite + Unpin> Enveloped<S> {
    /// Writes the replacement, if there is one. When done, returns how many of the library's bytes it replaced.
    fn poll_instead(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<usize>>> {
        while let Some((left, whole)) = &mut self.instead {
            if left.is_empty() {
                let whole = *whole;
                self.instead = None;
                return Poll::Ready(Some(Ok(whole)));
            }
            match ready!(Pin::new(&mut self.socket).poll_write(context, left)) {
                Ok(0) => return Poll::Ready(Some(Err(io::ErrorKind::WriteZero.into()))),
                Ok(written) => left.advance(written),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
        Poll::Ready(None)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Enveloped<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Enveloped<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let head: &[u8] = pieces.first().map(|piece| &**piece).unwrap_or_default();
        if self.instead.is_none()
            && let Some(status) = Self::bare_refusal(head)
        {
            let whole = pieces.iter().map(|piece| piece.len()).sum();
            self.instead = Some((self.envelope(status), whole));
        }
        match ready!(self.poll_instead(context)) {
            Some(written) => Poll::Ready(written),
            None => Pin::new(&mut self.socket).poll_write_vectored(context, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
