//! Where nobody has to show a key, whoever is on this machine is trusted, and a web page in somebody's browser is not: browsers send what pages
//! tell them to, also to this machine.
//!
//! A page can reach it under a name of its own (DNS rebinding), which its `Host` tells, or from where it is, which its `Origin` tells.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Request, header};

use crate::problem::Problem;
use crate::{App, access};

/// Refuses what a foreign page may be behind.
pub(crate) fn check<B>(app: &App, request: &Request<B>) -> Result<(), Problem> {
    let (headers, authority) = (request.headers(), request.uri().authority());
    if !app.authenticator.load().trusts_the_machine(&access::credentials(app, headers)) {
        return Ok(());
    }
    let said = text(headers, &header::HOST).or(authority.map(Authority::as_str)).unwrap_or_default();
    if !said.is_empty() && !is_known(said, &app.allowed_hosts) {
        return Err(Problem::foreign_host(said));
    }
    match headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default()) {
        Some(origin) if !is_own(origin, said) && !is_allowed(origin, app) => {
            Err(Problem::foreign_origin(origin))
        }
        _ => Ok(()),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A name of this machine, or one that the operator has named.
fn is_known(host: &str, allowed: &[String]) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
    let is_loopback = name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    is_loopback || allowed.iter().any(|one| one.eq_ignore_ascii_case(&name))
}

/// A page that came from here itself.
fn is_own(origin: &str, host: &str) -> bool {
    origin.split_once("://").is_some_and(|(_, from)| from.eq_ignore_ascii_case(host))
}

/// A page that the operator allows to call.
fn is_allowed(origin: &str, app: &App) -> bool {
    let allowed = app.cors.iter().flat_map(|cors| &cors.allowed_origins);
    allowed.into_iter().any(|one| one == "*" || one == origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a9_only_names_of_this_machine_are_known() {
        let known = |host: &str| is_known(host, &["gateway.internal".to_owned()]);
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "localhost.:1",
            "app.localhost",
            "127.0.0.1:8080",
            "127.8.8.8",
            "[::1]:8080",
            "gateway.internal:80",
            "Gateway.Internal",
        ] {
            assert!(known(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "0.0.0.0",
            "[::2]",
            "",
            "a b",
        ] {
            assert!(!known(host), "{host}");
        }
        assert!(
            is_own("http://localhost:8080", "localhost:8080")
                && !is_own("http://localhost:9", "localhost:8080")
        );
        assert!(!is_own("null", "localhost:8080"));
    }
}
