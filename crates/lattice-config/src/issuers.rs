//! `auth.issuers`: whose tokens are taken.

use std::time::Duration;

use lattice_auth::{ClaimNames, ClientSettings, IssuerSettings, Role, is_safe_address};
use lattice_model::Word;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::context::Context;
use crate::path::Path;
use crate::value::{Period, Secret};

/// How far an issuer's clock and ours may be apart where nothing is said, and the most.
const SKEW: Duration = Duration::from_mins(1);
const MOST_SKEW: Duration = Duration::from_mins(10);

/// One of `auth.issuers` as it is written.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawIssuer {
    /// The issuer, exactly as it stands in its tokens, such as `https://accounts.google.com`. `http://` is for this machine only.
    issuer: Option<String>,
    /// Whom its tokens have to be for; at least one of these.
    audiences: Option<Vec<String>>,
    /// Where it describes itself. Default `ISSUER/.well-known/openid-configuration`.
    discovery_url: Option<String>,
    /// Where its tokens say what: names of claims, or paths such as `realm_access.roles`.
    claims: Option<RawClaims>,
    /// What those of a group may do, beside what the role's claim says.
    group_roles: Option<Vec<RawGroupRole>>,
    /// The most that its word can make somebody. Default `operator`.
    max_role: Option<String>,
    /// How far its clock and this machine's may be apart. Default `1m`.
    clock_skew: Option<Period>,
    /// The gateway's id there, so that people can sign in with a browser.
    client_id: Option<String>,
    /// The gateway's secret there; none for a public client.
    client_secret: Option<Secret>,
}

/// `auth.issuers[].claims` as it is written.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawClaims {
    /// The tenant. Default `tenant`; whose token has none belongs to the tenant `default`.
    tenant: Option<String>,
    /// The role: a word, or a list of words. Default `role`; whose token has none is a `member`.
    role: Option<String>,
    /// The e-mail address. Default `email`.
    email: Option<String>,
    /// The groups. Default `groups`.
    groups: Option<String>,
}

/// One of `auth.issuers[].group_roles` as it is written.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawGroupRole {
    /// The group, as the issuer calls it.
    group: Option<String>,
    /// What those in it may do.
    role: Option<String>,
}

impl RawIssuer {
    /// One with nothing but whom it is and whom its tokens are for.
    pub(crate) fn short(issuer: &str, audience: &str) -> Self {
        Self {
            issuer: Some(issuer.to_owned()),
            audiences: Some(vec![audience.to_owned()]),
            ..Self::default()
        }
    }
}

/// The section.
pub(crate) fn check(raw: &[RawIssuer], path: &Path, context: &mut Context<'_>) -> Vec<IssuerSettings> {
    let mut issuers: Vec<IssuerSettings> = Vec::new();
    for (at, one) in raw.iter().enumerate() {
        let path = path.index(at);
        let Some(issuer) = issuer(one, &path, context) else { continue };
        if issuers.iter().any(|other| other.issuer == issuer.issuer) {
            context.error(&path.key("issuer"), "is there twice: give one entry all of its audiences");
        }
        issuers.push(issuer);
    }
    issuers
}

fn issuer(raw: &RawIssuer, path: &Path, context: &mut Context<'_>) -> Option<IssuerSettings> {
    let name = match raw.issuer.as_deref() {
        None => {
            context.missing(&path.key("issuer"), "is needed");
            None
        }
        Some(issuer) => address(issuer, &path.key("issuer"), context),
    };
    let audiences = raw.audiences.clone().unwrap_or_default();
    if audiences.is_empty() || audiences.iter().any(String::is_empty) {
        context.missing(
            &path.key("audiences"),
            "is needed: whom the tokens are for. Without it any token of the issuer's would do",
        );
    }
    let discovery_url = raw.discovery_url.as_deref();
    let discovery_url = discovery_url.and_then(|url| address(url, &path.key("discovery_url"), context));
    let groups = path.key("group_roles");
    let group_roles = raw.group_roles.iter().flatten().enumerate();
    let group_roles = group_roles.filter_map(|(at, one)| {
        let path = groups.index(at);
        let Some(group) = one.group.clone().filter(|group| !group.is_empty()) else {
            context.missing(&path.key("group"), "is needed");
            return None;
        };
        Some((group, role(one.role.as_deref(), &path.key("role"), context)?))
    });
    let group_roles = group_roles.collect();
    let max_role = match raw.max_role.as_deref() {
        None => Role::Operator,
        word => role(word, &path.key("max_role"), context)?,
    };
    let skew = match raw.clock_skew.as_ref() {
        None => SKEW,
        skew => context.duration(&path.key("clock_skew"), skew, SKEW),
    };
    if skew > MOST_SKEW {
        context.error(&path.key("clock_skew"), "must be at most `10m`");
    }
    Some(IssuerSettings {
        issuer: name?,
        audiences,
        discovery_url,
        claims: names(raw.claims.as_ref()),
        group_roles,
        max_role,
        clock_skew: i64::try_from(skew.as_secs()).unwrap_or_default(),
        client: client(raw, path, context),
    })
}

/// The gateway as the issuer knows it.
fn client(raw: &RawIssuer, path: &Path, context: &mut Context<'_>) -> Option<ClientSettings> {
    let secret = raw.client_secret.as_ref().map(|secret| secret.expose().to_owned().into());
    match &raw.client_id {
        Some(id) if !id.is_empty() => Some(ClientSettings { id: id.clone(), secret }),
        _ if secret.is_some() || raw.client_id.is_some() => {
            context.missing(&path.key("client_id"), "is needed for people to sign in");
            None
        }
        _ => None,
    }
}

/// An address that nobody on the way can answer for.
fn address(text: &str, path: &Path, context: &mut Context<'_>) -> Option<String> {
    if is_safe_address(text) && url::Url::parse(text).is_ok() {
        return Some(text.to_owned());
    }
    let shown = context.quote(path);
    context.error(path, format!("must begin with https://, or be on this machine, not {shown}"));
    None
}

fn role(word: Option<&str>, path: &Path, context: &mut Context<'_>) -> Option<Role> {
    let role = word.and_then(Role::of_name);
    if role.is_none() {
        let known: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
        context.error(path, format!("must be one of `{}`", known.join("`, `")));
    }
    role
}

fn names(raw: Option<&RawClaims>) -> ClaimNames {
    let usual = ClaimNames::default();
    let Some(raw) = raw else { return usual };
    let said = |said: &Option<String>, usual: String| said.clone().unwrap_or(usual);
    ClaimNames {
        tenant: said(&raw.tenant, usual.tenant),
        role: said(&raw.role, usual.role),
        email: said(&raw.email, usual.email),
        groups: said(&raw.groups, usual.groups),
    }
}
