//! `limits` and `rate_limit`: how much somebody may do.

use lattice_auth::kept::level;
use lattice_limits::{Level, Numbers, Policy};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::context::Context;
use crate::environment::Environment;
use crate::path::Path;
use crate::value::Secret;

/// Requests a second from one address, and at once, where nothing is said.
const PER_SECOND: u64 = 10;
const BURST: u64 = 20;

/// One of `limits` as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawLimit {
    /// Whom it is for: `global` (all requests together), `tenant`, `user`, `key`, `model` or `ip`.
    level: Option<String>,
    /// Which of them, by its id, name or address; each by itself, where nothing is said.
    subject_id: Option<String>,
    /// At an even pace, `burst` of them at once.
    requests_per_second: Option<u64>,
    /// In a minute that begins with the first request; at an even pace, where there is a `burst`.
    requests_per_minute: Option<u64>,
    /// In a day, UTC.
    requests_per_day: Option<u64>,
    /// Tokens in and out, in a minute that begins with the first request.
    tokens_per_minute: Option<u64>,
    /// Tokens in and out, in a day, UTC.
    tokens_per_day: Option<u64>,
    /// Tokens in and out, in a month, UTC.
    tokens_per_month: Option<u64>,
    /// Requests at the same time.
    concurrency: Option<u64>,
    /// Requests at once. Default the number of the shortest time.
    burst: Option<u64>,
}

/// `auth.keys[].limits` as it is written.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawNumbers {
    /// As in `limits`.
    requests_per_second: Option<u64>,
    /// As in `limits`.
    requests_per_minute: Option<u64>,
    /// As in `limits`.
    requests_per_day: Option<u64>,
    /// As in `limits`.
    tokens_per_minute: Option<u64>,
    /// As in `limits`.
    tokens_per_day: Option<u64>,
    /// As in `limits`.
    tokens_per_month: Option<u64>,
    /// As in `limits`.
    concurrency: Option<u64>,
    /// As in `limits`.
    burst: Option<u64>,
}

/// `rate_limit` as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawRateLimit {
    /// Whether each address is held to a pace. Default `true` where this section is there.
    enabled: Option<bool>,
    /// Requests a second from one address. Default `10`.
    requests_per_second: Option<u64>,
    /// Requests at once from one address. Default `20`.
    burst: Option<u64>,
    /// A Redis or Valkey server that all replicas count in: `redis://user:password@host:6379/0`, or `rediss://` for TLS. The variables
    /// `RATE_LIMIT_REDIS_URL` and `REDIS_URL` stand for it. Without one, each replica counts by itself.
    redis_url: Option<Secret>,
    /// What holds while it is away: `open`, each replica counts by itself, or `closed`, nobody who is limited is admitted. Default `open`.
    on_redis_failure: Option<String>,
}

/// Where limits are counted.
#[derive(Debug, Clone, Default)]
pub struct Counting {
    /// A Redis server that replicas share.
    pub redis: Option<SecretString>,
    /// What holds while it is away.
    pub policy: Policy,
}

impl PartialEq for Counting {
    fn eq(&self, other: &Self) -> bool {
        let text = |one: &Self| one.redis.as_ref().map(|url| url.expose_secret().to_owned());
        self.policy == other.policy && text(self) == text(other)
    }
}

impl Eq for Counting {}

/// Where limits are counted: as the file says, or the environment.
pub(crate) fn counting(
    raw: Option<&RawRateLimit>,
    environment: &Environment,
    context: &mut Context<'_>,
) -> Counting {
    let path = Path::of(&["rate_limit"]);
    let said = raw.and_then(|raw| raw.redis_url.as_ref()).map(|url| url.expose().to_owned());
    let of_environment =
        || environment.first(&["RATE_LIMIT_REDIS_URL", "REDIS_URL"]).map(|(_, url)| url.to_owned());
    let redis = said.or_else(of_environment).filter(|url| !url.is_empty());
    if redis.as_ref().is_some_and(|url| !url.starts_with("redis://") && !url.starts_with("rediss://")) {
        context.error(
            &path.key("redis_url"),
            "must begin with redis:// or rediss://, here or in RATE_LIMIT_REDIS_URL",
        );
    }
    let policy = match raw.and_then(|raw| raw.on_redis_failure.as_deref()) {
        None | Some("open") => Policy::Open,
        Some("closed") => Policy::Closed,
        Some(_) => {
            context.error(&path.key("on_redis_failure"), "must be one of `open`, `closed`");
            Policy::Open
        }
    };
    Counting { redis: redis.map(SecretString::from), policy }
}

/// A limit that the file owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitEntry {
    /// What tells it from others, also after a change of its numbers.
    pub id: String,
    /// Whom it is for.
    pub level: Level,
    /// Which of them; each by itself, where nothing is said.
    pub subject: Option<String>,
    /// How much.
    pub numbers: Numbers,
}

/// Both sections.
pub(crate) fn check(
    raw: Option<&Vec<RawLimit>>,
    rate_limit: Option<&RawRateLimit>,
    context: &mut Context<'_>,
) -> Vec<LimitEntry> {
    let mut limits: Vec<LimitEntry> = Vec::new();
    for (at, one) in raw.into_iter().flatten().enumerate() {
        let path = Path::of(&["limits"]).index(at);
        if let Some(mut limit) = limit(one, &path, context) {
            let same =
                limits.iter().filter(|other| other.level == limit.level && other.subject == limit.subject);
            let number = same.count().saturating_add(1);
            let level = limit.level.name();
            limit.id = match &limit.subject {
                Some(subject) => format!("file_{level}_{subject}_{number}"),
                None => format!("file_every_{level}_{number}"),
            };
            limits.push(limit);
        }
    }
    if let Some(raw) = rate_limit.filter(|raw| raw.enabled.unwrap_or(true)) {
        let numbers = Numbers {
            requests_per_second: raw.requests_per_second.or(Some(PER_SECOND)),
            burst: raw.burst.or(Some(BURST)),
            ..Numbers::default()
        };
        checked(numbers, &Path::of(&["rate_limit"]), context);
        let id = "file_rate_limit".to_owned();
        limits.push(LimitEntry { id, level: Level::Ip, subject: None, numbers });
    }
    limits
}

fn limit(raw: &RawLimit, path: &Path, context: &mut Context<'_>) -> Option<LimitEntry> {
    let found = raw.level.as_deref().and_then(level);
    if found.is_none() {
        let known: Vec<&str> = Level::ALL.iter().map(|level| level.name()).collect();
        context.missing(&path.key("level"), &format!("must be one of `{}`", known.join("`, `")));
    }
    let subject = raw.subject_id.clone().filter(|subject| !subject.is_empty());
    if found == Some(Level::Global) && subject.is_some() {
        context.error(&path.key("subject_id"), "means nothing for all requests; take it out");
    }
    let numbers = Numbers {
        requests_per_second: raw.requests_per_second,
        requests_per_minute: raw.requests_per_minute,
        requests_per_day: raw.requests_per_day,
        tokens_per_minute: raw.tokens_per_minute,
        tokens_per_day: raw.tokens_per_day,
        tokens_per_month: raw.tokens_per_month,
        concurrency: raw.concurrency,
        burst: raw.burst,
    };
    checked(numbers, path, context);
    Some(LimitEntry { id: String::new(), level: found?, subject, numbers })
}

/// What a key is held to.
pub(crate) fn of_key(raw: &RawNumbers, path: &Path, context: &mut Context<'_>) -> Numbers {
    let numbers = Numbers {
        requests_per_second: raw.requests_per_second,
        requests_per_minute: raw.requests_per_minute,
        requests_per_day: raw.requests_per_day,
        tokens_per_minute: raw.tokens_per_minute,
        tokens_per_day: raw.tokens_per_day,
        tokens_per_month: raw.tokens_per_month,
        concurrency: raw.concurrency,
        burst: raw.burst,
    };
    checked(numbers, path, context);
    numbers
}

/// Larger ones are not whole in every store.
const LARGEST: u64 = 1 << 53;

fn checked(numbers: Numbers, path: &Path, context: &mut Context<'_>) {
    if numbers.is_empty() {
        context.error(path, "limits nothing: give at least one number, such as `requests_per_minute`");
    }
    if numbers.burst == Some(0) {
        context.error(&path.key("burst"), "must be at least 1");
    }
    let Numbers { requests_per_second, requests_per_minute, requests_per_day, .. } = numbers;
    let Numbers { tokens_per_minute, tokens_per_day, tokens_per_month, concurrency, burst, .. } = numbers;
    let requests = [requests_per_second, requests_per_minute, requests_per_day];
    let others = [tokens_per_minute, tokens_per_day, tokens_per_month, concurrency, burst];
    if requests.into_iter().chain(others).flatten().any(|number| number > LARGEST) {
        context.error(path, format!("has a number above {LARGEST}; leave out what is not to be limited"));
    }
}
