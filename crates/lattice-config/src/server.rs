//! `server`: the gateway's own HTTP server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::context::Context;
use crate::path::Path;
use crate::value::{Period, Size};

/// `server` as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawServer {
    /// Where to listen: `127.0.0.1:8080`, `[::1]:8080`, or `:8080` for all addresses of this machine of the machine. Default `127.0.0.1:8080`.
    address: Option<String>,
    /// The largest request body: a number of bytes, or `10MB`, in steps of 1024. Default `10485760`.
    max_request_body_size: Option<Size>,
    /// The most connections at a time; more have to wait. Default `10000`.
    max_connections: Option<u32>,
    /// The most of them from one address. Default half of `max_connections`.
    max_connections_per_ip: Option<u32>,
    /// How long a client may take to send a request's headers. Default `30s`.
    header_read_timeout: Option<Period>,
    /// How long a connection may be open without a request. Longer than load balancers keep theirs. Default `75s`.
    idle_timeout: Option<Period>,
    /// How long a client may take nothing of what it gets. Default `1m`.
    write_timeout: Option<Period>,
    /// How long what a replica holds for others to see, such as a place of a concurrency limit in Redis, outlives a replica that died. It is
    /// renewed at a third of that. Default `30s`.
    lease: Option<Period>,
    /// How often an HTTP/2 client with open streams is asked whether it is still there. Default `1m`.
    http2_keep_alive: Option<Period>,
    /// How long a request's body may take to arrive. Default `1m`.
    body_read_timeout: Option<Period>,
    /// How long a stream may be quiet before a comment is sent on it, so that no proxy closes it. Default `15s`.
    heartbeat: Option<Period>,
    /// How long running requests may go on after the signal to stop. Default `30s`.
    shutdown_timeout: Option<Period>,
    /// Names that the gateway may be called by, such as `gateway.internal`, where nobody has to show a key; those of this machine are known. Others
    /// are refused then, as a web page may be behind them.
    allowed_hosts: Option<Vec<String>>,
    /// Where browsers find the gateway, such as `https://gateway.example.com`, where a proxy is in front of it.
    public_url: Option<String>,
    /// Proxies whose `X-Forwarded-For` is believed: addresses and ranges such as `10.0.0.0/8`. None by default.
    trusted_proxies: Option<Vec<String>>,
    /// Where the administration can be reached from: addresses and ranges. Anywhere by default.
    admin_ip_ranges: Option<Vec<String>>,
    /// HTTPS, if the gateway itself is to speak it.
    tls: Option<RawTls>,
    /// Which web pages may call the gateway from a browser. None by default.
    cors: Option<RawCors>,
}

/// `server.tls` as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawTls {
    /// The certificate and its chain, PEM. Relative to the configuration file.
    certificate_file: Option<String>,
    /// The certificate's private key, PEM. Relative to the configuration file.
    key_file: Option<String>,
}

/// `server.cors` as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawCors {
    /// Origins such as `https://app.example.com`, or `*` for all.
    allowed_origins: Option<Vec<String>>,
    /// How long a browser may remember the answer. Default `1h`.
    max_age: Option<Period>,
}

/// The gateway's own HTTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Where to listen.
    pub address: SocketAddr,
    /// The largest request body, in bytes.
    pub max_request_body_size: usize,
    /// The most connections at a time, at least 1.
    pub max_connections: usize,
    /// The most of them from one address, at least 1.
    pub max_connections_per_ip: usize,
    /// How long a client may take to send a request's headers.
    pub header_read_timeout: Duration,
    /// How long a connection may be open without a request.
    pub idle_timeout: Duration,
    /// How long a client may take nothing of what it gets.
    pub write_timeout: Duration,
    /// How long what a replica holds outlives it.
    pub lease: Duration,
    /// How often an HTTP/2 client with open streams is asked whether it is still there.
    pub http2_keep_alive: Duration,
    /// How long a request's body may take to arrive.
    pub body_read_timeout: Duration,
    /// How long a stream may be quiet before a comment is sent on it to keep the connection open.
    pub heartbeat: Duration,
    /// How long running requests may go on after the signal to stop.
    pub shutdown_timeout: Duration,
    /// Names that it may be called by where nobody has to show a key.
    pub allowed_hosts: Vec<String>,
    /// Where browsers find it, where that is not as they say.
    pub public_url: Option<String>,
    /// Proxies that are believed when they say whom they speak for (A8).
    pub trusted_proxies: Vec<IpNet>,
    /// Where the administration can be reached from; anywhere, where nothing is said.
    pub admin_ip_ranges: Vec<IpNet>,
    /// HTTPS, if the gateway itself is to speak it.
    pub tls: Option<Tls>,
    /// Which web pages may call the gateway; none when absent.
    pub cors: Option<Cors>,
}

/// The files for HTTPS; both could be read at load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The certificate and its chain, PEM.
    pub certificate_file: PathBuf,
    /// The private key, PEM.
    pub key_file: PathBuf,
}

/// Which web pages may call the gateway from a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// These origins, at least one; `*` alone for all.
    pub allowed_origins: Vec<String>,
    /// How long a browser may remember the answer.
    pub max_age: Duration,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            max_request_body_size: 10 << 20,
            max_connections: 10_000,
            max_connections_per_ip: 5000,
            header_read_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_mins(1),
            lease: Duration::from_secs(30),
            http2_keep_alive: Duration::from_mins(1),
            body_read_timeout: Duration::from_mins(1),
            heartbeat: Duration::from_secs(15),
            shutdown_timeout: Duration::from_secs(30),
            allowed_hosts: Vec::new(),
            public_url: None,
            trusted_proxies: Vec::new(),
            admin_ip_ranges: Vec::new(),
            tls: None,
            cors: None,
        }
    }
}

/// Checks the section.
pub(crate) fn check(raw: &RawServer, context: &mut Context<'_>) -> Server {
    let path = Path::of(&["server"]);
    let default = Server::default();
    let mut duration =
        |key: &str, period: Option<&Period>, default| context.duration(&path.key(key), period, default);
    Server {
        header_read_timeout: duration(
            "header_read_timeout",
            raw.header_read_timeout.as_ref(),
            default.header_read_timeout,
        ),
        idle_timeout: duration("idle_timeout", raw.idle_timeout.as_ref(), default.idle_timeout),
        write_timeout: duration("write_timeout", raw.write_timeout.as_ref(), default.write_timeout),
        lease: duration("lease", raw.lease.as_ref(), default.lease),
        http2_keep_alive: duration(
            "http2_keep_alive",
            raw.http2_keep_alive.as_ref(),
            default.http2_keep_alive,
        ),
        body_read_timeout: duration(
            "body_read_timeout",
            raw.body_read_timeout.as_ref(),
            default.body_read_timeout,
        ),
        heartbeat: duration("heartbeat", raw.heartbeat.as_ref(), default.heartbeat),
        shutdown_timeout: duration(
            "shutdown_timeout",
            raw.shutdown_timeout.as_ref(),
            default.shutdown_timeout,
        ),
        address: raw.address.as_deref().map_or(default.address, |text| address(text, &path, context)),
        max_request_body_size: body_size(raw.max_request_body_size.as_ref(), &path, context),
        max_connections: connections(raw.max_connections, &path, context),
        max_connections_per_ip: per_ip(raw, &path, context),
        allowed_hosts: raw.allowed_hosts.clone().unwrap_or_default(),
        public_url: raw.public_url.as_deref().and_then(|url| origin(url, &path, context)),
        trusted_proxies: ranges(raw.trusted_proxies.as_ref(), &path.key("trusted_proxies"), context),
        admin_ip_ranges: ranges(raw.admin_ip_ranges.as_ref(), &path.key("admin_ip_ranges"), context),
        tls: raw.tls.as_ref().and_then(|raw| tls(raw, &path.key("tls"), context)),
        cors: raw.cors.as_ref().and_then(|raw| cors(raw, &path.key("cors"), context)),
    }
}

/// Reads where to listen: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, or `:8080` for all addresses of this machine.
///
/// # Errors
/// What it has to look like.
pub fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let full = if text.starts_with(':') { format!("[::]{text}") } else { text.to_owned() };
    let found = full.to_socket_addrs().ok().and_then(|mut addresses| {
        let first = addresses.next();
        // `localhost` is both; whoever says it means what every program can reach.
        addresses.find(SocketAddr::is_ipv4).filter(|_| first.is_some_and(|first| first.is_ipv6())).or(first)
    });
    found.ok_or_else(|| {
        "must be an address of this machine and a port such as `127.0.0.1:8080`, or a port alone such as `:8080`"
            .to_owned()
    })
}

fn address(text: &str, path: &Path, context: &mut Context<'_>) -> SocketAddr {
    parse_address(text).unwrap_or_else(|message| {
        let path = path.key("address");
        let message = format!("{message}, not {}", context.quote(&path));
        context.error(&path, message);
        Server::default().address
    })
}

fn origin(url: &str, path: &Path, context: &mut Context<'_>) -> Option<String> {
    let is_one = is_origin(url.trim_end_matches('/')) && url.starts_with("http");
    if !is_one {
        let path = path.key("public_url");
        let message =
            format!("must be an address such as `https://gateway.example.com`, not {}", context.quote(&path));
        context.error(&path, message);
    }
    is_one.then(|| url.to_owned())
}

fn ranges(raw: Option<&Vec<String>>, path: &Path, context: &mut Context<'_>) -> Vec<IpNet> {
    let mut ranges = Vec::new();
    for (at, text) in raw.into_iter().flatten().enumerate() {
        let range = text.parse::<IpNet>().ok();
        if let Some(range) = range.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)) {
            ranges.push(range);
        } else {
            let path = path.index(at);
            let shown = context.quote(&path);
            context.error(&path, format!("must be an address or a range such as `10.0.0.0/8`, not {shown}"));
        }
    }
    ranges
}

fn body_size(size: Option<&Size>, path: &Path, context: &mut Context<'_>) -> usize {
    let default = Server::default().max_request_body_size;
    let Some(size) = size else { return default };
    size.bytes().filter(|bytes| *bytes > 0).unwrap_or_else(|| {
        let path = path.key("max_request_body_size");
        let message =
            format!("must be a number of bytes, or a size such as `10MB`, not {}", context.quote(&path));
        context.error(&path, message);
        default
    })
}

fn tls(raw: &RawTls, path: &Path, context: &mut Context<'_>) -> Option<Tls> {
    let certificate_file = readable(raw.certificate_file.as_deref(), &path.key("certificate_file"), context);
    let key_file = readable(raw.key_file.as_deref(), &path.key("key_file"), context);
    Some(Tls { certificate_file: certificate_file?, key_file: key_file? })
}

/// The largest file of certificates or keys, in bytes.
const PEM: u64 = 1 << 20;

fn readable(file: Option<&str>, path: &Path, context: &mut Context<'_>) -> Option<PathBuf> {
    let Some(file) = file else {
        context.missing(path, "is needed for `tls`");
        return None;
    };
    if let Err(error) = context.look(file, PEM) {
        let message = format!("names {}, which cannot be read: {error}", context.quote(path));
        context.error(path, message);
    }
    Some(context.file(file))
}

fn connections(limit: Option<u32>, path: &Path, context: &mut Context<'_>) -> usize {
    let default = Server::default().max_connections;
    if limit == Some(0) {
        context.error(&path.key("max_connections"), "must be at least 1");
    }
    limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(default)
}

fn per_ip(raw: &RawServer, path: &Path, context: &mut Context<'_>) -> usize {
    if raw.max_connections_per_ip == Some(0) {
        context.error(&path.key("max_connections_per_ip"), "must be at least 1");
    }
    let all = raw.max_connections.unwrap_or(10_000);
    let most = raw.max_connections_per_ip.unwrap_or_else(|| all.div_ceil(2)).max(1);
    usize::try_from(most).unwrap_or(usize::MAX)
}

fn cors(raw: &RawCors, path: &Path, context: &mut Context<'_>) -> Option<Cors> {
    let origins_path = path.key("allowed_origins");
    let Some(origins) = raw.allowed_origins.as_ref().filter(|origins| !origins.is_empty()) else {
        context.missing(&origins_path, "is needed for `cors`: a list of origins, or `[\"*\"]` for all");
        return None;
    };
    for (index, text) in origins.iter().enumerate().filter(|(_, text)| *text != "*" && !is_origin(text)) {
        let path = origins_path.index(index);
        // An item that was wrong in itself has been reported, and left empty.
        if text.is_empty() && context.report.is_wrong(&path) {
            continue;
        }
        let message =
            format!("must be an origin such as `https://app.example.com`, not {}", context.quote(&path));
        context.error(&path, message);
    }
    let any = origins.iter().any(|origin| origin == "*");
    Some(Cors {
        allowed_origins: if any { vec!["*".to_owned()] } else { origins.clone() },
        max_age: context.duration(&path.key("max_age"), raw.max_age.as_ref(), Duration::from_hours(1)),
    })
}

/// Browsers send scheme, host and port and nothing else, so anything else would never match.
fn is_origin(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text)
}
