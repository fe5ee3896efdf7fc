//! `proxy` of a provider entry.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::context::Context;
use crate::path::Path;
use crate::value::Secret;

/// Through what a provider is reached.
#[derive(Debug, Clone, PartialEq)]
pub enum Proxy {
    /// As `HTTPS_PROXY` and the other proxy variables of the environment say.
    System,
    /// Straight.
    Direct,
    /// Through this one.
    Address(ProxyAddress),
}

/// A proxy's address. It may hold a password, so `Debug` and `Display` leave that out.
#[derive(Clone)]
pub struct ProxyAddress {
    url: SecretString,
    shown: String,
}

impl ProxyAddress {
    /// The whole address, with user name and password.
    pub fn url(&self) -> &SecretString {
        &self.url
    }
}

impl PartialEq for ProxyAddress {
    fn eq(&self, other: &Self) -> bool {
        self.url.expose_secret() == other.url.expose_secret()
    }
}

impl fmt::Display for ProxyAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

impl fmt::Debug for ProxyAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

/// Checks the key; `none` is for going straight where the environment has a proxy.
pub(crate) fn check(raw: Option<&Secret>, path: &Path, context: &mut Context<'_>) -> Proxy {
    let Some(raw) = raw else { return Proxy::System };
    if raw.expose() == "none" {
        return Proxy::Direct;
    }
    let schemes = ["http", "socks5"];
    let url = Url::parse(raw.expose()).ok().filter(|url| schemes.contains(&url.scheme()) && url.has_host());
    let Some(url) = url else {
        let message =
            "must be the address of a proxy such as `http://proxy:3128` or `socks5://proxy:1080`, or `none`";
        context.error(path, message);
        return Proxy::Direct;
    };
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    let user = if url.username().is_empty() && url.password().is_none() { "" } else { "***@" };
    let shown = format!("{}://{user}{}{port}", url.scheme(), url.host_str().unwrap_or_default());
    Proxy::Address(ProxyAddress { url: raw.clone().into_secret(), shown })
}
