//! The HTTP edge: routes, dialects, error bodies.
//!
//! Invariants: the only crate that knows axum, and the only one that picks a status.

mod access;
mod administering;
mod answer;
mod arrival;
mod body;
mod client;
mod cookies;
mod dialects;
mod endpoints;
mod event_stream;
mod lawful;
mod layers;
mod limits;
mod login;
mod paging;
mod path;
mod places;
mod problem;
mod pulse;
mod readiness;
mod refusals;
mod serve;
mod tls;
mod trust;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use ipnet::IpNet;
use lattice_admin::Administration;
use lattice_auth::Authenticator;
use lattice_gateway::Gateway;
use tokio_util::sync::CancellationToken;

use dialects::responses::from_wire::Asking;

pub use dialects::responses::EventWriter;
pub use endpoints::openapi::document as openapi_document;
pub use layers::Cors;
pub use problem::status_of;
pub use readiness::{Report, StorageReport};
pub use serve::{Limits, serve};
pub use tls::{Tls, TlsError, TlsFiles};

/// What the endpoints share.
#[derive(Debug)]
pub struct App {
    /// The life of a turn.
    pub gateway: Gateway,
    /// The largest request body, in bytes; what it unpacks to when it is compressed.
    pub max_request_body_size: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long a stream may be quiet before a comment is sent on it, so that no proxy closes it.
    pub heartbeat: Duration,
    /// Browser origins that may call.
    pub cors: Option<Cors>,
    /// The version that `/ready` reports.
    pub version: &'static str,
    /// Names that this server may be called by, beside those of this machine, where nobody has to show a key.
    pub allowed_hosts: Vec<String>,
    /// Where browsers find this server, such as `https://gateway.example.com`, where it is not as they say.
    pub public_url: Option<String>,
    /// It speaks TLS itself.
    pub is_tls: bool,
    /// Proxies that are believed when they say whom they speak for (A8).
    pub trusted_proxies: Vec<IpNet>,
    /// Where the administration can be reached from; anywhere, where nothing is said.
    pub admin_ip_ranges: Vec<IpNet>,
    /// The administration, where there is a database for it.
    pub administration: Option<Arc<Administration>>,
    /// Who may come in.
    pub authenticator: ArcSwap<Authenticator>,
    /// What `/ready` says of the store, where there is one.
    pub storage: Option<StorageReport>,
    /// Not ready any more: the process is about to stop (E5).
    pub stopping: CancellationToken,
    /// Time is up for streams that are still open: each gets its terminal event.
    pub cut_streams: CancellationToken,
}

impl App {
    /// Whether browsers come over an encrypted connection, here or at a proxy in front.
    pub(crate) fn is_secure(&self) -> bool {
        self.is_tls || self.public_url.as_ref().is_some_and(|url| url.starts_with("https://"))
    }
}

/// The service over everything the endpoints share.
pub fn router(app: &Arc<App>) -> axum::Router {
    layers::apply(endpoints::routes(app), app).with_state(Arc::clone(app))
}

/// Asks the service without a connection, and reads the whole answer.
pub async fn call(app: &Arc<App>, request: http::Request<bytes::Bytes>) -> http::Response<bytes::Bytes> {
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    let (mut parts, body) = request.into_parts();
    // Every request over a connection says whom it is for.
    parts.headers.entry(http::header::HOST).or_insert(http::HeaderValue::from_static("localhost"));
    let request = http::Request::from_parts(parts, axum::body::Body::from(body));
    let Ok(response) = router(app).oneshot(request).await;
    let (parts, body) = response.into_parts();
    // What is answered here is made here: it cannot be cut off.
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    http::Response::from_parts(parts, body)
}

/// Reads a request body as `POST /v1/responses` does; for the fuzz targets and benchmarks.
///
/// # Errors
/// What the client would be told, and the field concerned.
pub fn read_turn(body: &bytes::Bytes) -> Result<lattice_model::Turn, String> {
    let asking = Asking { id: "resp_0".to_owned(), created_at: 0, store_by_default: false };
    dialects::responses::from_wire::turn(&body.clone().into(), asking)
        .map_err(|invalid| format!("{}: {}", invalid.param.unwrap_or_default(), invalid.message))
}
