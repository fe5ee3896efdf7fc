//! `google`: Gemini by Google's developer API: <https://ai.google.dev/api/generate-content>.

use super::Kind;
use crate::apis::gemini::{Gemini, KEY_HEADER, Service};
use crate::credentials::{needed, plain};
use crate::error::SettingsError;
use crate::provider::Provider;
use crate::served::{Address, Served};
use crate::settings::Settings;

/// The base that the official SDKs take by default: without a version.
const ENDPOINT: &str = "https://generativelanguage.googleapis.com";

/// The version that has all features: <https://ai.google.dev/gemini-api/docs/api-versions>.
const VERSION: &str = "v1beta";

/// The kind.
pub(super) const KIND: Kind = Kind { name: "google", build };

fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    settings.only(&["api_key", "api_version"])?;
    let key = plain(needed(settings)?)?;
    let base = settings.base(Some(ENDPOINT))?;
    let version = settings.api_version.as_deref().unwrap_or(VERSION);
    let address = Address::at(format!("{base}/{version}"));
    Ok(Served::new(address, Gemini::new(Service::Developer, &settings.origin()))
        .with_header(KEY_HEADER, key)
        .boxed())
}
