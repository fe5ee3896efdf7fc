//! `anthropic`: Claude at Anthropic, by its Messages API.

use super::{Kind, Variable};
use crate::apis::messages::{Messages, headers};
use crate::credentials::{needed, plain};
use crate::error::SettingsError;
use crate::provider::Provider;
use crate::served::{Address, Served};
use crate::settings::{API_KEY, API_VERSION, ENDPOINT, PROMPT_CACHING, Settings};

/// The base that the official SDKs take by default.
const BASE: &str = "https://api.anthropic.com";

/// The kind.
pub(super) const KIND: Kind = Kind {
    environment: &[
        Variable::needed("api_key", &["ANTHROPIC_API_KEY"]),
        Variable::optional("endpoint", &["ANTHROPIC_BASE_URL"]),
    ],
    models: &["claude-opus-4-1", "claude-sonnet-4-5", "claude-haiku-4-5"],
    prefixes: PREFIXES,
    ..Kind::new("anthropic", &[ENDPOINT, API_KEY, API_VERSION, PROMPT_CACHING], build)
};

/// How the names of Claude's models start, also on Azure.
pub(super) const PREFIXES: &[&str] = &["claude-"];

fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    let key = plain(needed(settings)?)?;
    let base = settings.base(Some(BASE))?;
    Ok(Served::new(
        Address::at(base.trim_end_matches("/v1")),
        Messages::new(settings.origin(), settings.flag(&PROMPT_CACHING)),
    )
    .with_header(headers::VERSION, headers::version(settings.text(&API_VERSION))?)
    .with_header(headers::KEY, key)
    .boxed())
}
