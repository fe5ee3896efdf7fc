//! `auth`: who may call the gateway.

use std::time::Duration;

use lattice_auth::{IssuerSettings, Role, is_safe_address};
use lattice_limits::Numbers;
use lattice_model::Word;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::context::Context;
use crate::environment::Environment;
use crate::issuers::{self, RawIssuer};
use crate::limits::{self, RawNumbers};
use crate::path::Path;
use crate::value::{Period, Secret};

/// The variable that holds the operator's key.
const ADMIN_KEY: &str = "LATTICELM_ADMIN_KEY";

/// What the operator's key of the environment is called; no other may have the name, since what is stored belongs to it.
const ADMIN: &str = "admin";

/// The shortest key, in bytes: a shorter one could be guessed.
const SHORTEST: usize = 16;

/// How long people stay signed in, and without doing anything, where nothing is said.
const LIFETIME: Duration = Duration::from_hours(12);
const IDLE: Duration = Duration::from_hours(1);

/// The tenant of whoever belongs to no other.
const DEFAULT_TENANT: &str = "default";

/// `auth` as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawAuth {
    /// Whether callers have to show a key: one of this file, or one that was made while the gateway ran. Default `true` where there are keys or issuers, here
    /// or in `LATTICELM_ADMIN_KEY`, else `false`.
    enabled: Option<bool>,
    /// Whether those who show no key may call too, all as one. Without any authentication the gateway listens on this machine alone unless this is
    /// `true`. Default `false`.
    allow_anonymous: Option<bool>,
    /// API keys that stand in this file.
    keys: Option<Vec<RawKey>>,
    /// Whose tokens (JSON Web Tokens of `OpenID` Connect or `OAuth2`) are taken.
    issuers: Option<Vec<RawIssuer>>,
    /// How long people who sign in with a browser stay signed in.
    session: Option<RawSession>,
    /// The short form of one issuer, with `audience`.
    issuer: Option<String>,
    /// Whom the tokens of `issuer` have to be for.
    audience: Option<String>,
}

/// `auth.session` as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawSession {
    /// From signing in on, however much a session is used. Default `12h`.
    lifetime: Option<Period>,
    /// Without using it. Default `1h`.
    idle: Option<Period>,
}

/// One of `auth.keys` as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawKey {
    /// What it is called: what is stored with it belongs to this name. Of letters, digits, `_`, `-` and `.`.
    name: Option<String>,
    /// The key itself, of at least 16 characters; better from a variable.
    key: Option<Secret>,
    /// The tenant that it belongs to. Default `default`.
    tenant_id: Option<String>,
    /// What it may do: `viewer`, `member`, `admin`, `owner` or `operator`. Default `member`.
    role: Option<String>,
    /// The models that it may ask for, by their names here. All by default.
    models: Option<Vec<String>>,
    /// How much it may do, beside what `limits` say.
    limits: Option<RawNumbers>,
}

/// Who may call the gateway.
#[derive(Debug, Clone, Default)]
pub struct Auth {
    /// Those who may; with the operator's key of the environment.
    pub keys: Vec<ApiKey>,
    /// Whose tokens are taken.
    pub issuers: Vec<IssuerSettings>,
    /// How long people who sign in stay signed in, in seconds.
    pub session_lifetime: i64,
    /// The same without doing anything.
    pub session_idle: i64,
    /// Whether callers have to show one of them.
    pub enabled: bool,
    /// Whether those who show none may call too.
    pub allow_anonymous: bool,
}

/// A key, and what it allows.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// What it is called.
    pub name: String,
    /// The key.
    pub key: SecretString,
    /// The tenant that it belongs to.
    pub tenant: String,
    /// What it may do.
    pub role: Role,
    /// The models that it may ask for; all, where nothing is said.
    pub models: Option<Vec<String>>,
    /// How much it may do, beside what limits say.
    pub limits: Option<Numbers>,
}

/// The section, and the operator's key.
pub(crate) fn check(raw: Option<&RawAuth>, environment: &Environment, context: &mut Context<'_>) -> Auth {
    let path = Path::of(&["auth"]);
    let mut keys = Vec::new();
    for (at, one) in raw.and_then(|raw| raw.keys.as_ref()).into_iter().flatten().enumerate() {
        let place = path.key("keys").index(at);
        if let Some(key) = key(one, &place, context) {
            if key.name == ADMIN || keys.iter().any(|other: &ApiKey| other.name == key.name) {
                context.error(&place.key("name"), "is another key's name");
            }
            let is_taken = |other: &ApiKey| other.key.expose_secret() == key.key.expose_secret();
            if keys.iter().any(is_taken) || environment.get(ADMIN_KEY) == Some(key.key.expose_secret()) {
                context.error(&place.key("key"), "is another key's too: each needs one of its own");
            }
            keys.push(key);
        }
    }
    if let Some(key) = environment.get(ADMIN_KEY) {
        if key.len() < SHORTEST {
            context
                .error(&path, format!("the variable {ADMIN_KEY} must hold at least {SHORTEST} characters"));
        }
        keys.push(ApiKey {
            name: ADMIN.to_owned(),
            key: key.into(),
            tenant: DEFAULT_TENANT.to_owned(),
            role: Role::Operator,
            models: None,
            limits: None,
        });
    }
    let issuers = raw.map(|raw| issuers_of(raw, &path, context)).unwrap_or_default();
    let is_needed = !keys.is_empty() || !issuers.is_empty();
    let enabled = raw.and_then(|raw| raw.enabled).unwrap_or(is_needed);
    let allow_anonymous = raw.and_then(|raw| raw.allow_anonymous).unwrap_or_default();
    let none = RawSession::default();
    let session = raw.and_then(|raw| raw.session.as_ref()).unwrap_or(&none);
    let mut seconds = |key: &str, period: Option<&Period>, usual| {
        let time = context.duration(&path.key("session").key(key), period, usual);
        i64::try_from(time.as_secs()).unwrap_or(i64::MAX).max(1)
    };
    Auth {
        keys,
        issuers,
        session_lifetime: seconds("lifetime", session.lifetime.as_ref(), LIFETIME),
        session_idle: seconds("idle", session.idle.as_ref(), IDLE),
        enabled,
        allow_anonymous,
    }
}

/// The list, and the short form of one.
fn issuers_of(raw: &RawAuth, path: &Path, context: &mut Context<'_>) -> Vec<IssuerSettings> {
    let mut all = raw.issuers.clone().unwrap_or_default();
    match (raw.issuer.as_deref(), raw.audience.as_deref()) {
        (None, None) => {}
        (Some(issuer), Some(audience)) if is_safe_address(issuer) && !audience.is_empty() => {
            all.push(RawIssuer::short(issuer, audience));
        }
        (Some(_), Some("") | None) => {
            context
                .missing(&path.key("audience"), "is needed: `auth.issuer` and `auth.audience` go together");
        }
        (Some(_), Some(_)) => {
            context.error(&path.key("issuer"), "must begin with https://, or be on this machine");
        }
        (None, Some(_)) => {
            context.missing(&path.key("issuer"), "is needed: `auth.issuer` and `auth.audience` go together");
        }
    }
    issuers::check(&all, &path.key("issuers"), context)
}

fn key(raw: &RawKey, path: &Path, context: &mut Context<'_>) -> Option<ApiKey> {
    let name = named(raw.name.as_deref(), &path.key("name"), context);
    let tenant = match &raw.tenant_id {
        None => Some(DEFAULT_TENANT.to_owned()),
        Some(tenant) => named(Some(tenant), &path.key("tenant_id"), context),
    };
    let secret = match raw.key.as_ref().map(Secret::expose) {
        None => {
            context.missing(&path.key("key"), "is needed");
            None
        }
        Some(key) if key.len() < SHORTEST => {
            context.error(&path.key("key"), format!("must have at least {SHORTEST} characters"));
            None
        }
        Some(key) if key.contains(char::is_whitespace) => {
            context.error(&path.key("key"), "must hold no white space: nobody could show it");
            None
        }
        Some(key) => Some(SecretString::from(key)),
    };
    let role = match raw.role.as_deref() {
        None => Some(Role::Member),
        Some(word) => Role::of_name(word).or_else(|| {
            let known: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
            context.error(&path.key("role"), format!("must be one of `{}`", known.join("`, `")));
            None
        }),
    };
    let limits = raw.limits.as_ref().map(|raw| limits::of_key(raw, &path.key("limits"), context));
    Some(ApiKey {
        name: name?,
        key: secret?,
        tenant: tenant?,
        role: role?,
        models: raw.models.clone(),
        limits,
    })
}

/// A name of letters, digits and a few signs.
pub(crate) fn named(name: Option<&str>, path: &Path, context: &mut Context<'_>) -> Option<String> {
    let fits = |name: &&str| {
        (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    match name {
        None => context.missing(path, "is needed"),
        Some(name) if !fits(&name) => {
            context.error(path, "must be 1 to 64 letters, digits, `_`, `-` and `.`");
        }
        Some(name) => return Some(name.to_owned()),
    }
    None
}
