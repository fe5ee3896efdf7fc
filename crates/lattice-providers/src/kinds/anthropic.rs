//! `anthropic`: Claude at Anthropic, by its Messages API.

use super::Kind;
use crate::apis::messages::{Messages, headers};
use crate::credentials::{needed, plain};
use crate::error::SettingsError;
use crate::provider::Provider;
use crate::served::{Address, Served};
use crate::settings::Settings;

/// The base that the official SDKs take by default.
const ENDPOINT: &str = "https://api.anthropic.com";

/// The kind.
pub(super) const KIND: Kind = Kind { name: "anthropic", build };

fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    settings.only(&["api_key", "api_version", "prompt_caching"])?;
    let key = plain(needed(settings)?)?;
    let base = settings.base(Some(ENDPOINT))?;
    Ok(Served::new(Address::at(base.trim_end_matches("/v1")), Messages::new(settings))
        .with_header(headers::VERSION, headers::version(settings.api_version.as_deref())?)
        .with_header(headers::KEY, key)
        .boxed())
}
