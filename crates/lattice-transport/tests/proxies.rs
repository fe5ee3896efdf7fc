//! Calls through a proxy: handed over whole, through a tunnel, and past it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod fake;

use std::sync::{Arc, Mutex};

use fake::{Server, ok, patient, post, read_request, settings, upstream_of};
use lattice_transport::{HttpUpstream, Proxy, SendError, SystemProxies, UpstreamSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn through(proxy: Proxy) -> HttpUpstream {
    upstream_of(UpstreamSettings { proxy, ..settings(patient()) })
}

/// A proxy that answers everything itself, and notes what it was asked.
async fn proxy(answer: &'static str) -> (Server, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&seen);
    let server = Server::answering(move |request| {
        note.lock().unwrap().push(request.to_owned());
        answer.to_owned()
    })
    .await;
    (server, seen)
}

#[tokio::test]
async fn plain_http_is_handed_to_the_proxy_with_its_whole_address_and_the_proxy_s_password() {
    let (proxy, seen) = proxy("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    let upstream = through(Proxy::Address(format!("http://us:pw@{}", proxy.address).into()));
    let answer = upstream.send(post("provider.example:8080", "{}"), None).await.unwrap();
    assert_eq!(answer.status, 200);
    let seen = seen.lock().unwrap();
    assert!(seen[0].starts_with("POST http://provider.example:8080/v1/x HTTP/1.1\r\n"), "{seen:?}");
    assert!(seen[0].contains("proxy-authorization: Basic dXM6cHc=\r\n"), "{seen:?}");
}

#[tokio::test]
async fn https_goes_through_a_tunnel_and_a_refusal_is_named() {
    let (proxy, seen) = proxy("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
    let upstream = through(Proxy::Address(format!("http://us:pw@{}", proxy.address).into()));
    let mut request = post("x", "{}");
    *request.uri_mut() = "https://provider.example/v1/x".parse().unwrap();
    let error = upstream.send(request, None).await.unwrap_err();
    assert!(matches!(error, SendError::Connect { reason: "the proxy refused", .. }), "{error:?}");
    let seen = seen.lock().unwrap();
    assert!(seen[0].starts_with("CONNECT provider.example:443 HTTP/1.1\r\n"), "{seen:?}");
    assert!(seen[0].contains("Proxy-Authorization: Basic dXM6cHc=\r\n"), "{seen:?}");
}

#[tokio::test]
async fn a_tunnel_carries_tls_to_the_provider() {
    // What lies behind the tunnel speaks no TLS: that its hello arrives there is enough.
    let (hello, arrived) = tokio::sync::oneshot::channel();
    let hello = Mutex::new(Some(hello));
    let provider = Server::start(move |mut stream| {
        let hello = hello.lock().unwrap().take();
        async move {
            hello.unwrap().send(stream.read_u8().await.unwrap()).unwrap();
        }
    })
    .await;
    let address = provider.address;
    let proxy = Server::start(move |mut stream| async move {
        let request = read_request(&mut stream).await.unwrap();
        assert!(request.starts_with(&format!("CONNECT {address} ")), "{request}");
        stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.unwrap();
        let mut onward = TcpStream::connect(address).await.unwrap();
        drop(tokio::io::copy_bidirectional(&mut stream, &mut onward).await);
    })
    .await;
    let upstream = through(Proxy::Address(format!("http://{}", proxy.address).into()));
    let mut request = post("x", "{}");
    *request.uri_mut() = format!("https://{address}/").parse().unwrap();
    upstream.send(request, None).await.unwrap_err();
    // The record type of a TLS handshake.
    assert_eq!(arrived.await.unwrap(), 22);
}

#[tokio::test]
async fn socks_5_carries_http_and_resolves_the_name_itself() {
    let proxy = Server::start(|mut stream| async move {
        let mut greeting = [0_u8; 3];
        stream.read_exact(&mut greeting).await.unwrap();
        assert_eq!(greeting, [5, 1, 0]);
        stream.write_all(&[5, 0]).await.unwrap();
        let mut connect = vec![0_u8; 5 + "provider.example".len() + 2];
        stream.read_exact(&mut connect).await.unwrap();
        assert_eq!(connect, b"\x05\x01\x00\x03\x10provider.example\x1f\x90");
        stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
        let request = read_request(&mut stream).await.unwrap();
        assert!(request.starts_with("POST /v1/x HTTP/1.1\r\n"), "{request}");
        stream.write_all(ok("socks").as_bytes()).await.unwrap();
    })
    .await;
    let upstream = through(Proxy::Address(format!("socks5://{}", proxy.address).into()));
    let answer = upstream.send(post("provider.example:8080", "{}"), None).await.unwrap();
    assert_eq!(answer.body.collect(100).await.unwrap(), "socks");
}

#[tokio::test]
async fn nothing_goes_around_a_proxy_that_cannot_be_used() {
    let provider = Server::answering(|_| ok("straight")).await;
    for address in ["https://proxy.example", "socks4://proxy.example", "ftp://proxy.example", ""] {
        let error = through(Proxy::Address(address.to_owned().into()))
            .send(post(provider.address, "{}"), None)
            .await
            .unwrap_err();
        let expected =
            matches!(&error, SendError::Connect { reason: "the proxy's address is not usable", .. });
        assert!(expected, "{address}: {error:?}");
    }
    assert_eq!(provider.connections(), 0);
}

#[tokio::test]
async fn the_environment_s_proxy_is_used_except_where_no_proxy_says_so() {
    let provider = Server::answering(|_| ok("straight")).await;
    let (proxy, _) = proxy("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nproxy").await;
    for (no, expected) in [("", "proxy"), ("127.0.0.0/8", "straight")] {
        let address = format!("http://{}", proxy.address);
        let variable = |name: &str| match name {
            "http_proxy" => Some(address.clone()),
            "NO_PROXY" => Some(no.to_owned()),
            _ => None,
        };
        let upstream = through(Proxy::System(SystemProxies::from_variables(variable)));
        let answer = upstream.send(post(provider.address, "{}"), None).await.unwrap();
        assert_eq!(answer.body.collect(100).await.unwrap(), expected.as_bytes());
    }
}
