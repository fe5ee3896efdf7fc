//! Makes one connection: straight or through a proxy, TLS on top, within the time for it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::Uri;
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::error::ConnectTimedOut;
use crate::lanes::Load;
use crate::proxy::{self, Rules};
use crate::sniff::Sniff;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The connector of one lane.
#[derive(Clone)]
pub(crate) struct Connector {
    https: HttpsConnector<Dialer>,
    timeout: Duration,
    load: Arc<Load>,
}

impl Connector {
    pub(crate) fn new(
        tls: Arc<ClientConfig>,
        proxies: Option<Arc<Rules>>,
        timeout: Duration,
        load: Arc<Load>,
    ) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_mins(1)));
        Self { https: HttpsConnector::from((Dialer { tcp, proxies }, tls)), timeout, load }
    }
}

impl Service<Uri> for Connector {
    type Response = Socket;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Socket, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let connecting = self.https.call(target);
        let (timeout, load) = (self.timeout, Arc::clone(&self.load));
        Box::pin(async move {
            let stream = tokio::time::timeout(timeout, connecting).await.map_err(|_| ConnectTimedOut)??;
            let sniff = if stream.connected().is_negotiated_h2() {
                Some(Box::new(Sniff::new(load)))
            } else {
                load.without_limit();
                None
            };
            Ok(Socket { stream, sniff })
        })
    }
}

/// TCP to the provider or to the proxy, ready for TLS if there is to be TLS.
#[derive(Clone)]
struct Dialer {
    tcp: HttpConnector,
    proxies: Option<Arc<Rules>>,
}

impl Service<Uri> for Dialer {
    type Response = Leg;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Leg, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        match self.proxies.as_ref().map(|proxies| proxies.choose(&target)) {
            None | Some(Ok(None)) => leg(self.tcp.call(target), false),
            Some(Ok(Some(intercept))) => self.through(&intercept, target),
            Some(Err(error)) => Box::pin(async move { Err(error.into()) }),
        }
    }
}

impl Dialer {
    fn through(&self, intercept: &Intercept, target: Uri) -> BoxFuture<'static, Result<Leg, BoxError>> {
        let mut tcp = self.tcp.clone();
        if proxy::is_socks(intercept) {
            let mut socks = SocksV5::new(intercept.uri().clone(), tcp);
            if let Some((user, password)) = intercept.raw_auth() {
                socks = socks.with_auth(user.to_owned(), password.to_owned());
            }
            return leg(socks.call(target), false);
        }
        if proxy::is_forwarded(intercept, &target) {
            return leg(tcp.call(intercept.uri().clone()), true);
        }
        let mut tunnel = Tunnel::new(intercept.uri().clone(), tcp);
        if let Some(auth) = intercept.basic_auth() {
            tunnel = tunnel.with_auth(auth.clone());
        }
        leg(tunnel.call(target), false)
    }
}

fn leg<F, E>(connecting: F, is_forwarded: bool) -> BoxFuture<'static, Result<Leg, BoxError>>
where
    F: Future<Output = Result<TokioIo<TcpStream>, E>> + Send + 'static,
    E: Into<BoxError>,
{
    connecting.map(move |made| Ok(Leg { tcp: made.map_err(Into::into)?, is_forwarded })).boxed()
}

/// A TCP connection, and whether its other end is a proxy that wants whole addresses.
pub(crate) struct Leg {
    tcp: TokioIo<TcpStream>,
    is_forwarded: bool,
}

impl Connection for Leg {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.is_forwarded)
    }
}

/// A connection, watched until the peer's first frame is known.
pub(crate) struct Socket {
    stream: MaybeHttpsStream<Leg>,
    sniff: Option<Box<Sniff>>,
}

impl Connection for Socket {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}

impl Read for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some(sniff) = &mut this.sniff else {
            return Pin::new(&mut this.stream).poll_read(context, buffer);
        };
        // A cursor does not show what was read into it, so the first frames go through an array.
        let mut first = [0_u8; 256];
        let room = buffer.remaining().min(first.len());
        let mut read = ReadBuf::new(first.get_mut(..room).unwrap_or_default());
        ready!(Pin::new(&mut this.stream).poll_read(context, read.unfilled()))?;
        let filled = read.filled();
        buffer.put_slice(filled);
        if filled.is_empty() || sniff.see(filled) {
            this.sniff = None;
        }
        Poll::Ready(Ok(()))
    }
}

/// Passes writing on to a field.
macro_rules! write_to {
    ($type:ty, $field:ident) => {
        impl Write for $type {
            fn poll_write(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.$field).poll_write(context, bytes)
            }

            fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.$field).poll_flush(context)
            }

            fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.$field).poll_shutdown(context)
            }

            fn is_write_vectored(&self) -> bool {
                self.$field.is_write_vectored()
            }

            fn poll_write_vectored(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                pieces: &[io::IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.$field).poll_write_vectored(context, pieces)
            }
        }
    };
}

write_to!(Leg, tcp);
write_to!(Socket, stream);

impl Read for Leg {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}
