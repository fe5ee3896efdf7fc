//! Which proxy stands between the gateway and a provider.

use std::fmt;

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use secrecy::{ExposeSecret, SecretString};

/// Through what to connect.
#[derive(Debug, Clone, Default)]
pub enum Proxy {
    /// Straight to the provider.
    #[default]
    Direct,
    /// Through this one: `http://` or `socks5://`, with user name and password if it wants them.
    Address(SecretString),
    /// Through what the environment says.
    System(SystemProxies),
}

/// The values of the environment's proxy variables; empty is the same as absent.
#[derive(Clone, Default)]
pub struct SystemProxies {
    /// `HTTP_PROXY`: for `http` addresses.
    pub http: Option<String>,
    /// `HTTPS_PROXY`: for `https` addresses.
    pub https: Option<String>,
    /// `ALL_PROXY`: for both, where neither of the above is set.
    pub all: Option<String>,
    /// `NO_PROXY`: hosts and networks that are reached directly, separated by commas.
    pub no: Option<String>,
}

impl SystemProxies {
    /// Reads the variables, capital names first.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let either =
            |name: &str| variable(name).or_else(|| variable(&name.to_lowercase())).filter(|v| !v.is_empty());
        Self {
            http: either("HTTP_PROXY"),
            https: either("HTTPS_PROXY"),
            all: either("ALL_PROXY"),
            no: either("NO_PROXY"),
        }
    }
}

impl fmt::Debug for SystemProxies {
    // The addresses may hold passwords.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SystemProxies")
            .field("http", &self.http.is_some())
            .field("https", &self.https.is_some())
            .field("all", &self.all.is_some())
            .field("no", &self.no)
            .finish()
    }
}

/// The rules for choosing.
pub(crate) struct Rules {
    matcher: Matcher,
    /// One proxy was named for everything: what it cannot carry must not go around it.
    is_required: bool,
}

/// No proxy can be used for an address that needs one.
#[derive(Debug, thiserror::Error)]
#[error("the proxy's address is not usable: it must begin with http:// or socks5://")]
pub(crate) struct UnusableProxy;

impl Proxy {
    /// The rules for choosing; absent when every address is reached directly.
    pub(crate) fn rules(&self) -> Option<Rules> {
        match self {
            Self::Direct => None,
            Self::Address(address) => {
                let matcher = Matcher::builder().all(address.expose_secret().to_owned()).build();
                Some(Rules { matcher, is_required: true })
            }
            Self::System(system) => {
                let value = |value: &Option<String>| value.clone().unwrap_or_default();
                let matcher = Matcher::builder()
                    .http(value(&system.http))
                    .https(value(&system.https))
                    .all(value(&system.all))
                    .no(value(&system.no));
                Some(Rules { matcher: matcher.build(), is_required: false })
            }
        }
    }
}

impl Rules {
    /// The proxy for `target`, if it is not reached directly.
    pub(crate) fn choose(&self, target: &Uri) -> Result<Option<Intercept>, UnusableProxy> {
        match self.matcher.intercept(target) {
            Some(proxy) if is_socks(&proxy) || proxy.uri().scheme_str() == Some("http") => Ok(Some(proxy)),
            None if !self.is_required => Ok(None),
            Some(_) | None => Err(UnusableProxy),
        }
    }
}

/// Whether the proxy speaks SOCKS rather than HTTP.
pub(crate) fn is_socks(proxy: &Intercept) -> bool {
    proxy.uri().scheme_str().is_some_and(|scheme| scheme.starts_with("socks5"))
}

/// Whether a call to `target` is handed to the proxy whole, instead of through a tunnel.
pub(crate) fn is_forwarded(proxy: &Intercept, target: &Uri) -> bool {
    target.scheme_str() == Some("http") && !is_socks(proxy)
}
