//! What signing in with a browser needs on every of its routes.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lattice_admin::Actor;
use lattice_auth::{Arriving, Authenticator, Begun, Issuer, LoginFault, Principal, Sessions};
use lattice_store::Whose;
use secrecy::{ExposeSecret, SecretString};

use crate::App;
use crate::arrival::Arrival;
use crate::problem::Problem;

/// Seconds that somebody may take to sign in at an issuer.
pub(crate) const SIGNING_IN: i64 = 600;

/// The longest way back, in bytes.
const LONGEST: usize = 1024;

/// Where browsers find this server: as the operator says, or as the request does.
pub(crate) fn base(app: &App, headers: &HeaderMap) -> Result<String, Problem> {
    if let Some(url) = &app.public_url {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.ok_or_else(|| Problem::invalid_host("it is missing"))?;
    Ok(format!("{}://{host}", if app.is_tls { "https" } else { "http" }))
}

/// The sessions of this server.
pub(crate) fn sessions(authenticator: &Authenticator) -> Result<&Arc<Sessions>, Problem> {
    authenticator.sessions().ok_or_else(Problem::no_database)
}

/// The issuer that somebody wants to sign in at: the named one, or the only one where that is possible.
pub(crate) fn issuer<'a>(
    authenticator: &'a Authenticator,
    name: Option<&str>,
) -> Result<&'a Arc<Issuer>, Problem> {
    let all = authenticator.tokens().map(|tokens| tokens.issuers()).unwrap_or_default();
    let offered: Vec<&Arc<Issuer>> = all.iter().filter(|issuer| issuer.settings().client.is_some()).collect();
    match (name, offered.as_slice()) {
        (_, []) => Err(Problem::of_login(&LoginFault::NotOffered)),
        (None, [only]) => Ok(only),
        (None, _) => Err(Problem::query("issuer", "`issuer` is needed: there are several")),
        (Some(name), offered) => {
            let found = offered.iter().find(|issuer| issuer.settings().issuer == name);
            found
                .copied()
                .ok_or_else(|| Problem::query("issuer", "`issuer` names none at which one can sign in here"))
        }
    }
}

/// A way within this server, for after the sign-in: nobody is to be sent elsewhere from here.
pub(crate) fn way_back(asked: Option<&str>) -> Result<String, Problem> {
    let Some(way) = asked else { return Ok("/".to_owned()) };
    let is_within = way.len() <= LONGEST
        && way.starts_with('/')
        && !way.starts_with("//")
        && way.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_within {
        return Ok(way.to_owned());
    }
    Err(Problem::query("return_to", "`return_to` must be a path of this server, such as `/keys`"))
}

/// What a browser keeps while it is away: the seed of what it asked for, the issuer, and the way back.
pub(crate) struct Away {
    pub(crate) seed: SecretString,
    pub(crate) issuer: String,
    pub(crate) way_back: String,
}

impl Away {
    pub(crate) fn to_cookie(&self) -> SecretString {
        let (issuer, way) = (URL_SAFE_NO_PAD.encode(&self.issuer), URL_SAFE_NO_PAD.encode(&self.way_back));
        format!("{}.{issuer}.{way}", self.seed.expose_secret()).into()
    }

    pub(crate) fn of_cookie(cookie: &SecretString) -> Option<Self> {
        let mut parts = cookie.expose_secret().split('.');
        let seed = parts.next().filter(|seed| seed.len() >= 32)?;
        let mut text = || String::from_utf8(URL_SAFE_NO_PAD.decode(parts.next()?).ok()?).ok();
        Some(Self { seed: seed.into(), issuer: text()?, way_back: text()? })
    }
}

/// Begins a session for somebody, and puts that on record.
pub(crate) async fn begin(
    app: &App,
    arrival: &Arrival,
    principal: &Principal,
    whose: Whose,
    (by, kept): (&str, &str),
) -> Result<Begun, Problem> {
    let authenticator = app.authenticator.load_full();
    let administration = app.administration.as_ref().ok_or_else(Problem::no_database)?;
    administration.note_sign_in(&actor(app, arrival, principal), by).await?;
    let now = app.gateway.clock().seconds();
    let begun = sessions(&authenticator)?.begin(whose, kept, now).await;
    begun.map_err(|error| Problem::from(lattice_auth::Denied::Unknown(error)))
}

/// Somebody, for the log of the administration.
pub(crate) fn actor<'a>(app: &App, arrival: &'a Arrival, principal: &'a Principal) -> Actor<'a> {
    let clock = app.gateway.clock();
    Actor {
        principal,
        address: arrival.client,
        request_id: arrival.request_id.to_str().unwrap_or_default(),
        now: clock.seconds(),
        new_id: clock.id(),
        named: None,
    }
}

pub(crate) fn arriving(app: &App, arrival: &Arrival) -> Arriving {
    Arriving { address: arrival.client, now: app.gateway.clock().seconds() }
}

/// Refuses what a page from elsewhere makes a browser send: it would come with the browser's cookies.
pub(crate) fn same_origin(
    app: &App,
    headers: &HeaderMap,
    session: Option<&SecretString>,
) -> Result<(), Problem> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let own = base(app, headers)?;
    let own = own.split_once("://").map(|(_, host)| host).unwrap_or_default();
    match (text(header::HeaderName::from_static("sec-fetch-site")), text(header::ORIGIN)) {
        (Some("same-origin"), _) => Ok(()),
        (None, Some(origin))
            if origin.split_once("://").is_some_and(|(_, host)| host.eq_ignore_ascii_case(own)) =>
        {
            Ok(())
        }
        (None, None) => {
            // Neither is there in old browsers, and in programs.
            let Some(session) = session else { return Ok(()) };
            let shown = headers.get("x-csrf-token").map(HeaderValue::as_bytes).unwrap_or_default();
            if lattice_auth::is_same(shown, Sessions::csrf_token(session).as_bytes()) {
                return Ok(());
            }
            Err(Problem::foreign_request())
        }
        _ => Err(Problem::foreign_request()),
    }
}
