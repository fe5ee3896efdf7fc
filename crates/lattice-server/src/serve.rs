//! The accept loop: HTTP/1.1 and HTTP/2 on one port, with limits, and an end that lets streams finish (E5).

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
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
use crate::places::{Place, Places};
use crate::pulse::{Answering, Pulse, Stopped, Times, Watched};
use crate::refusals::{self, Enveloped};
use crate::tls::Tls;

/// What one listener takes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once; more wait in the kernel's queue.
    pub max_connections: usize,
    /// Of those from one address.
    pub max_connections_per_ip: usize,
    /// How long the headers of a request may take to arrive, and a TLS handshake.
    pub header_timeout: Duration,
    /// How long a connection may be open without a request.
    pub idle_timeout: Duration,
    /// How long a client may take nothing of what it gets.
    pub write_timeout: Duration,
    /// How often an HTTP/2 client with open streams is asked whether it is still there.
    pub http2_keep_alive: Duration,
    /// How long streams may go on after the stop was asked for.
    pub drain: Duration,
}

/// How long the terminal events have to go out once the drain time is over.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How long a connection has to end that is asked to.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves until `app.stopping` is cancelled, then waits for what is still open: at most [`Limits::drain`], after which
/// every open stream gets its terminal event.
///
/// # Errors
/// Whatever the listener fails with for good; a single connection's failure is its own.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    app: Arc<App>,
    limits: Limits,
) -> io::Result<()> {
    let service = crate::router(&app);
    let connections = TaskTracker::new();
    let slots = Arc::new(Semaphore::new(limits.max_connections));
    let places = Places::new(limits.max_connections_per_ip);
    let closing = CancellationToken::new();
    loop {
        let slot = tokio::select! {
            () = app.stopping.cancelled() => break,
            slot = Arc::clone(&slots).acquire_owned() => slot.map_err(io::Error::other)?,
        };
        let accepted = tokio::select! {
            () = app.stopping.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Some((socket, peer, place)) = admitted(accepted, &places).await else { continue };
        let (service, closing) = (service.clone(), closing.clone());
        let tls = tls.as_ref().map(|tls| tls.acceptor());
        let socket = (socket, peer, Arc::clone(&app));
        connections.spawn(connection(socket, tls, service, closing, limits, (slot, place)));
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

/// A connection that was accepted, if there is a place for it.
async fn admitted(
    accepted: io::Result<(TcpStream, SocketAddr)>,
    places: &Arc<Places>,
) -> Option<(TcpStream, Peer, Place)> {
    let (socket, address) = match accepted {
        Ok(accepted) => accepted,
        Err(error) => {
            // Out of file descriptors, most likely: others will close theirs.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            return None;
        }
    };
    let peer = Peer(address.ip().to_canonical());
    let place = places.take(peer.0);
    if place.is_none() {
        tracing::debug!(client = %peer.0, "a connection was refused: the address has too many");
    }
    Some((socket, peer, place?))
}

async fn connection(
    (socket, peer, app): (TcpStream, Peer, Arc<App>),
    tls: Option<TlsAcceptor>,
    service: Router,
    closing: CancellationToken,
    limits: Limits,
    held: (OwnedSemaphorePermit, Place),
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
    drop(held);
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
        // Heads have their time below, whichever the protocol is.
        .header_read_timeout(None)
        .max_buf_size(64 * 1024)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(1000)
        .max_header_list_size(64 * 1024)
        .keep_alive_interval(limits.http2_keep_alive);
    let times = Times { head: limits.header_timeout, idle: limits.idle_timeout, write: limits.write_timeout };
    let pulse = Pulse::new();
    let counted = Arc::clone(&pulse);
    let service = tower::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let underway = counted.begin();
        let answer = service.clone().oneshot(request);
        async move { Ok::<_, Infallible>(answer.await?.map(|body| Answering::new(body, underway))) }
    });
    let socket = Watched::new(Enveloped::new(socket, Arc::clone(&app), peer), Arc::clone(&pulse), times);
    let connection = builder.serve_connection(TokioIo::new(socket), TowerToHyperService::new(service));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        stopped = pulse.stopped(times) => {
            if stopped == Stopped::Head {
                pulse.say_last(refusals::too_slow(&app, peer));
            }
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(FAREWELL, connection).await {
                Ok(ended) => ended,
                Err(_) => return tracing::debug!(?stopped, "a connection was given up"),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
