//! The accept loop: HTTP/1.1 and HTTP/2 on one port, with limits, and an end that lets streams finish (E5).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::App;
use crate::arrival::Peer;
use crate::refusals::Enveloped;

/// What one listener takes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once; more wait in the kernel's queue.
    pub max_connections: usize,
    /// How long the headers of a request may take to arrive.
    pub header_timeout: Duration,
    /// How long streams may go on after the stop was asked for.
    pub drain: Duration,
}

/// How long the terminal events have to go out once the drain time is over.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves until `app.stopping` is cancelled, then waits for what is still open: at most [`Limits::drain`], after which
/// every open stream gets its terminal event.
///
/// # Errors
/// Whatever the listener fails with for good; a single connection's failure is its own.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    app: Arc<App>,
    limits: Limits,
) -> io::Result<()> {
    let service = crate::router(&app);
    let connections = TaskTracker::new();
    let slots = Arc::new(Semaphore::new(limits.max_connections));
    let closing = CancellationToken::new();
    loop {
        let slot = tokio::select! {
            () = app.stopping.cancelled() => break,
            slot = Arc::clone(&slots).acquire_owned() => slot.map_err(io::Error::other)?,
        };
        let (socket, address) = tokio::select! {
            () = app.stopping.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: others will close theirs.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let peer = Peer(address.ip().to_canonical());
        let (tls, service, closing) = (tls.clone(), service.clone(), closing.clone());
        let socket = (socket, peer, Arc::clone(&app));
        connections.spawn(connection(socket, tls, service, closing, limits, slot));
    }
    drop(listener);
    closing.cancel();
    connections.close();
    if tokio::time::timeout(limits.drain, connections.wait()).await.is_err() {
        app.cut_streams.cancel();
        // Whoever does not read its last event by then is left behind.
        let _ = tokio::time::timeout(LAST_WORDS, connections.wait()).await;
    }
    Ok(())
}

async fn connection(
    (socket, peer, app): (TcpStream, Peer, Arc<App>),
    tls: Option<TlsAcceptor>,
    service: Router,
    closing: CancellationToken,
    limits: Limits,
    slot: OwnedSemaphorePermit,
) {
    // Deltas are small and must not wait for more of their kind (C12).
    let _ = socket.set_nodelay(true);
    match tls {
        None => http((socket, peer, app), service, closing, limits).await,
        Some(acceptor) => match tokio::time::timeout(limits.header_timeout, acceptor.accept(socket)).await {
            Ok(Ok(socket)) => http((socket, peer, app), service, closing, limits).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        },
    }
    drop(slot);
}

async fn http(
    (socket, peer, app): (impl AsyncRead + AsyncWrite + Unpin + Send + 'static, Peer, Arc<App>),
    service: Router,
    closing: CancellationToken,
    limits: Limits,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(64 * 1024)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(1000)
        .max_header_list_size(64 * 1024)
        .keep_alive_interval(Duration::from_mins(1));
    let service = service.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request
    });
    let socket = Enveloped::new(socket, app, peer);
    let connection = builder.serve_connection(TokioIo::new(socket), TowerToHyperService::new(service));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
