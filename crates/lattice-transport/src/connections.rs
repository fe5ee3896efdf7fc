//! The connections to one provider or token service: lanes, proxy and timeouts, without credentials.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Request, header};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use lattice_wire::SegmentsBody;
use lattice_wire::write::Segments;
use rustls::ClientConfig;
use tokio::time::{Instant, Sleep};

use crate::answer::{HttpAnswer, HttpAnswerBody};
use crate::connector::Connector;
use crate::error::SendError;
use crate::lanes::{Lanes, Load};
use crate::proxy::{self, Proxy, Rules};
use crate::settings::Timeouts;

type HyperClient = Client<Connector, SegmentsBody>;

/// How long an idle connection is kept. Servers close theirs after a minute or more.
const KEPT: Duration = Duration::from_secs(90);
/// The largest head of an answer, and the most that is read ahead, over HTTP/1.1.
const READ_BUFFER: usize = 64 << 10;
/// What a peer may send on one HTTP/2 stream before it is read here: bounds the memory that a slow client can cost (C13).
const STREAM_WINDOW: u32 = 256 << 10;
/// The same for a connection; wide, so that slow streams do not stop the others on it.
const CONNECTION_WINDOW: u32 = 32 << 20;

/// The connections to one provider or token service, with their proxy rules and timeouts.
pub(crate) struct Connections {
    tls: Arc<ClientConfig>,
    proxies: Option<Arc<Rules>>,
    timeouts: Timeouts,
    lanes: Lanes<Arc<HyperClient>>,
    agent: HeaderValue,
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Connections").field("timeouts", &self.timeouts).finish_non_exhaustive()
    }
}

impl Connections {
    pub(crate) fn new(tls: Arc<ClientConfig>, proxy: &Proxy, timeouts: Timeouts) -> Self {
        let agent = HeaderValue::from_static(concat!("latticelm/", env!("CARGO_PKG_VERSION")));
        Self { tls, proxies: proxy.rules().map(Arc::new), timeouts, lanes: Lanes::new(), agent }
    }

    /// The instant at which an exchange that begins now has to be over.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.timeouts.total.and_then(|total| Instant::now().checked_add(total))
    }

    /// Makes the call; done when the answer's head is there.
    pub(crate) async fn call(
        &self,
        request: Request<Segments>,
        deadline: Option<Instant>,
    ) -> Result<HttpAnswer, SendError> {
        let request = self.prepare(request);
        let sensitive = request.headers().values().filter(|value| value.is_sensitive()).cloned().collect();
        let is_tls = request.uri().scheme_str() == Some("https");
        let (client, place) = self.lanes.take(|load| Arc::new(self.client(load, is_tls)));
        let mut timer = self.first_byte_timer(deadline);
        let answer = tokio::select! {
            biased;
            answer = client.request(request) => answer.map_err(|error| SendError::of_call(&error))?,
            () = timer.as_mut() => {
                let is_total = deadline.is_some_and(|deadline| deadline <= timer.deadline());
                return Err(if is_total { SendError::TotalTimeout } else { SendError::FirstByteTimeout });
            }
        };
        let (head, incoming) = answer.into_parts();
        let body = HttpAnswerBody::new(incoming, timer, self.timeouts.idle, deadline, place);
        Ok(HttpAnswer { status: head.status, headers: head.headers, sensitive, body })
    }

    fn prepare(&self, request: Request<Segments>) -> Request<SegmentsBody> {
        let mut request = request.map(SegmentsBody::from);
        if !request.headers().contains_key(header::USER_AGENT) {
            request.headers_mut().insert(header::USER_AGENT, self.agent.clone());
        }
        let intercept = self.proxies.as_ref().and_then(|proxies| proxies.choose(request.uri()).ok()?);
        if let Some(intercept) = intercept.filter(|it| proxy::is_forwarded(it, request.uri()))
            && let Some(auth) = intercept.basic_auth()
        {
            request.headers_mut().insert(header::PROXY_AUTHORIZATION, auth.clone());
        }
        request
    }

    fn first_byte_timer(&self, deadline: Option<Instant>) -> Pin<Box<Sleep>> {
        let mut timer = Box::pin(tokio::time::sleep(self.timeouts.first_byte));
        if let Some(deadline) = deadline.filter(|deadline| *deadline < timer.deadline()) {
            timer.as_mut().reset(deadline);
        }
        timer
    }

    fn client(&self, load: Arc<Load>, is_tls: bool) -> HyperClient {
        if !is_tls {
            load.without_limit();
        }
        let connector =
            Connector::new(Arc::clone(&self.tls), self.proxies.clone(), self.timeouts.connect, load);
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT)
            .retry_canceled_requests(true)
            .http1_max_buf_size(READ_BUFFER)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            .http2_keep_alive_interval(Duration::from_secs(30))
            .http2_keep_alive_timeout(Duration::from_secs(20));
        builder.build(connector)
    }
}
