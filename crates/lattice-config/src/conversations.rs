//! `conversations`: what is remembered, and for how long.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::context::Context;
use crate::path::Path;
use crate::value::Period;

/// How long things are kept where nothing is said, in seconds.
const TTL: u64 = 3600;

/// The longest that a request may ask for where nothing is said, in seconds: 30 days.
const MAX_TTL: u64 = 30 * 24 * 3600;

/// `conversations` as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawConversations {
    /// Whether responses and conversations can be stored. Default `true`.
    enabled: Option<bool>,
    /// Whether a response is stored whose request does not say `store`. Default `true`.
    store_by_default: Option<bool>,
    /// How long something is kept: a duration of whole seconds, or `0` for as long as it is not deleted. A conversation counts from its
    /// last change. Default `1h`.
    ttl: Option<Period>,
    /// The longest that a request may ask for with `expires_after`; `0` for no limit. Default `720h`, or `ttl` where that is longer.
    max_ttl: Option<Period>,
}

/// What is remembered, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conversations {
    /// Whether a response is stored whose request does not say.
    pub store_by_default: bool,
    /// How long something is kept, in seconds; for good, where nothing is said.
    pub ttl: Option<u64>,
    /// The longest that a request may ask for, in seconds; for good, where nothing is said.
    pub max_ttl: Option<u64>,
}

/// The section; `None` where nothing is remembered.
pub(crate) fn check(raw: Option<&RawConversations>, context: &mut Context<'_>) -> Option<Conversations> {
    let none = RawConversations::default();
    let raw = raw.unwrap_or(&none);
    let path = Path::of(&["conversations"]);
    let ttl = seconds(raw.ttl.as_ref(), Some(TTL), &path.key("ttl"), context);
    // Whoever keeps everything by default does not mind a request that asks for it.
    let usual = ttl.map(|ttl| ttl.max(MAX_TTL));
    let max_ttl = seconds(raw.max_ttl.as_ref(), usual, &path.key("max_ttl"), context);
    if let Some(most) = max_ttl
        && ttl.is_none_or(|ttl| ttl > most)
    {
        context.error(&path.key("max_ttl"), "must not be shorter than `conversations.ttl`");
    }
    let store_by_default = raw.store_by_default.unwrap_or(true);
    raw.enabled.unwrap_or(true).then_some(Conversations { store_by_default, ttl, max_ttl })
}

/// Whole seconds; `0` is for good.
fn seconds(
    raw: Option<&Period>,
    default: Option<u64>,
    path: &Path,
    context: &mut Context<'_>,
) -> Option<u64> {
    let Some(raw) = raw else { return default };
    if raw.0 == "0" {
        return None;
    }
    match raw.duration().filter(|period| period.subsec_nanos() == 0).map(|period| period.as_secs()) {
        Some(0) => None,
        Some(seconds) => Some(seconds),
        None => {
            let shown = context.quote(path);
            context.error(
                path,
                format!("must be whole seconds such as `90s`, `5m` or `1h`, or `0` for ever, not {shown}"),
            );
            default
        }
    }
}
