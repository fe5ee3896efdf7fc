//! HTTP/2 over TLS: as many connections as the provider's stream limit asks for.

#![expect(clippy::unwrap_used, reason = "tests")]

mod fake;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use fake::{patient, post, settings, surroundings, upstream};
use futures_util::future::join_all;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use lattice_transport::{HttpUpstream, SendError, Transport};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tokio_rustls::TlsAcceptor;

struct TlsServer {
    address: SocketAddr,
    certificate: CertificateDer<'static>,
    connections: Arc<AtomicUsize>,
}

impl TlsServer {
    /// Speaks `protocol`, takes `streams` per connection, and answers once as many calls are here as `barrier` says.
    async fn start(protocol: &'static str, streams: u32, barrier: Arc<Barrier>) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key.into())
            .unwrap();
        tls.alpn_protocols = vec![protocol.into()];
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, barrier, count) = (acceptor.clone(), Arc::clone(&barrier), Arc::clone(&count));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    count.fetch_add(1, Ordering::SeqCst);
                    let answer = service_fn(move |_| {
                        let barrier = Arc::clone(&barrier);
                        async move {
                            barrier.wait().await;
                            Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::from_static(b"{}"))))
                        }
                    });
                    let stream = TokioIo::new(stream);
                    if protocol == "h2" {
                        let mut server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                        drop(server.max_concurrent_streams(streams).serve_connection(stream, answer).await);
                    } else {
                        let server = hyper::server::conn::http1::Builder::new();
                        drop(server.serve_connection(stream, answer).await);
                    }
                });
            }
        });
        Self { address, certificate, connections }
    }

    fn upstream(&self) -> HttpUpstream {
        let transport = Transport::with_roots(surroundings(), [self.certificate.clone()]).unwrap();
        transport.upstream(settings(patient()))
    }

    async fn call(&self, upstream: &HttpUpstream) {
        let mut request = post("x", "{}");
        *request.uri_mut() = format!("https://localhost:{}/v1/x", self.address.port()).parse().unwrap();
        let answer = upstream.send(request, None).await.unwrap();
        assert_eq!(answer.body.collect(100).await.unwrap(), "{}");
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn seven_streams_at_two_per_connection_run_at_once_from_the_start() {
    let server = TlsServer::start("h2", 2, Arc::new(Barrier::new(7))).await;
    let upstream = server.upstream();
    for _ in 0..2 {
        join_all((0..7).map(|_| server.call(&upstream))).await;
    }
    assert!(server.connections() >= 4, "{}", server.connections());
}

#[tokio::test]
async fn streams_below_the_limit_share_one_connection() {
    let server = TlsServer::start("h2", 50, Arc::new(Barrier::new(1))).await;
    let upstream = server.upstream();
    server.call(&upstream).await;
    join_all((0..20).map(|_| server.call(&upstream))).await;
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn http_1_over_tls_has_a_connection_for_each_call_and_keeps_them() {
    let server = TlsServer::start("http/1.1", 0, Arc::new(Barrier::new(3))).await;
    let upstream = server.upstream();
    for _ in 0..3 {
        join_all((0..3).map(|_| server.call(&upstream))).await;
    }
    assert!((3..=6).contains(&server.connections()), "{}", server.connections());
}

#[tokio::test]
async fn a_stranger_s_certificate_is_refused() {
    let server = TlsServer::start("h2", 50, Arc::new(Barrier::new(1))).await;
    let mut request = post("x", "{}");
    *request.uri_mut() = format!("https://localhost:{}/v1/x", server.address.port()).parse().unwrap();
    let error = upstream(patient()).send(request, None).await.unwrap_err();
    let expected = matches!(&error, SendError::Connect { reason: "the certificate is not trusted", .. });
    assert!(expected, "{error:?}");
}
