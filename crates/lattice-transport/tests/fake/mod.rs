//! Servers on the loopback, and an upstream that points at them.

#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its own part")]
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its server has failed")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use lattice_providers::Credential;
use lattice_transport::{HttpUpstream, Proxy, Surroundings, Timeouts, Transport, UpstreamSettings};
use lattice_wire::write::Segments;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// For a time that has to pass in a test. Nothing else may have to happen within it: the machine may be busy.
pub(crate) const SHORT: Duration = Duration::from_millis(60);
/// For a time within which something small has to happen on a busy machine, and that has to pass later in the same test.
pub(crate) const MIDDLE: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_mins(2);

pub(crate) fn patient() -> Timeouts {
    Timeouts { connect: LONG, first_byte: LONG, idle: LONG, total: None }
}

pub(crate) fn surroundings() -> Surroundings {
    Surroundings::from_variables(|_| None, || SystemTime::UNIX_EPOCH + Duration::from_hours(500_000))
}

pub(crate) fn settings(timeouts: Timeouts) -> UpstreamSettings {
    UpstreamSettings {
        name: "fake".into(),
        timeouts,
        proxy: Proxy::Direct,
        headers: vec![(HeaderName::from_static("x-extra"), HeaderValue::from_static("from-the-operator"))],
        credential: Credential::InHeaders,
    }
}

pub(crate) fn upstream(timeouts: Timeouts) -> HttpUpstream {
    upstream_of(settings(timeouts))
}

pub(crate) fn upstream_of(settings: UpstreamSettings) -> HttpUpstream {
    Transport::with_roots(surroundings(), []).unwrap().upstream(settings)
}

pub(crate) fn post(address: impl std::fmt::Display, body: &'static str) -> Request<Segments> {
    let body = Segments::from(Bytes::from_static(body.as_bytes()));
    Request::post(format!("http://{address}/v1/x")).body(body).unwrap()
}

/// A server of plain sockets. It answers each connection with `answer`, in a task of its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start<A, F>(answer: A) -> Self
    where
        A: Fn(TcpStream) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer(stream));
            }
        });
        Self { address, accepted }
    }

    /// Answers every request, on as few connections as the client likes, with what `answer` makes of its text.
    pub(crate) async fn answering(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let answer = Arc::new(answer);
        Self::start(move |mut stream| {
            let answer = Arc::clone(&answer);
            async move {
                while let Some(request) = read_request(&mut stream).await {
                    let answer = answer(&request);
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        })
        .await
    }

    pub(crate) fn connections(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

/// A request's head and body; nothing when the client closed the connection.
pub(crate) async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut seen = String::new();
    let mut buffer = [0_u8; 4096];
    loop {
        if let Some((head, body)) = seen.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(seen);
            }
        }
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => seen.push_str(std::str::from_utf8(buffer.get(..read)?).ok()?),
            _ => return None,
        }
    }
}

pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}
