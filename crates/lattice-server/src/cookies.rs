//! The cookies of browsers that sign in: which there are, and how they are set. None is ever logged.

use axum::http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

use crate::App;

/// A cookie of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The session's text.
    Session,
    /// What a browser keeps while it is away to sign in.
    Login,
}

impl Cookie {
    /// Where the connection is encrypted, browsers see to it by the name that nobody but this host has set it.
    fn name(self, is_secure: bool) -> &'static str {
        match (self, is_secure) {
            (Self::Session, true) => "__Host-latticelm",
            (Self::Session, false) => "latticelm",
            (Self::Login, true) => "__Host-latticelm-login",
            (Self::Login, false) => "latticelm-login",
        }
    }

    /// What a request shows of it.
    pub(crate) fn of(self, app: &App, headers: &HeaderMap) -> Option<SecretString> {
        let name = self.name(app.is_secure());
        let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
            .filter(|value| !value.is_empty())
            .map(SecretString::from)
    }

    /// Sets it for so many seconds.
    pub(crate) fn set(self, app: &App, value: &SecretString, seconds: i64) -> Option<HeaderValue> {
        let secure = if app.is_secure() { "; Secure" } else { "" };
        let name = self.name(app.is_secure());
        let value = value.expose_secret();
        // `Lax`: the issuer sends the browser back from elsewhere, and what changes something is checked besides.
        let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        let mut header = HeaderValue::try_from(text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// Takes it away.
    pub(crate) fn clear(self, app: &App) -> Option<HeaderValue> {
        self.set(app, &SecretString::from(""), 0)
    }
}
