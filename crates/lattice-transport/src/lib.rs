//! The way to the providers: sockets, TLS, proxies, pools, timeouts and tokens.
//!
//! Invariants: the only crate that opens upstream sockets; two provider entries share nothing but the TLS configuration (E1);
//! no redirects, no decompression, and no retries beyond a kept connection that was closed before a byte was sent.

mod answer;
mod client;
mod connections;
mod connector;
mod error;
mod lanes;
mod proxy;
mod settings;
mod sniff;
mod tls;
mod tokens;
mod upstream;

pub use answer::{HttpAnswer, HttpAnswerBody};
pub use client::{Client, Fetched};
pub use error::SendError;
pub use proxy::{Proxy, SystemProxies};
pub use settings::{Surroundings, Timeouts, UpstreamSettings};
pub use upstream::{HttpUpstream, Transport, TransportError};
