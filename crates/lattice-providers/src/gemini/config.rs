//! The settings of a `google` entry.

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::{Codec, Gemini, Service};
use crate::codec::Provider;
use crate::error::SettingsError;
use crate::openai::secret_header;
use crate::settings::Settings;

/// The base that the official SDKs take by default: without a version.
const ENDPOINT: &str = "https://generativelanguage.googleapis.com";

/// The version that has all features: <https://ai.google.dev/gemini-api/docs/api-versions>.
const VERSION: &str = "v1beta";

pub(super) fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    settings.only(&["api_key", "api_version"])?;
    let Some(key) = &settings.api_key else {
        return Err(SettingsError::new("api_key", "is needed for type `google`"));
    };
    let base = settings.base(Some(ENDPOINT))?;
    let version = settings.api_version.as_deref().unwrap_or(VERSION);
    Ok(Box::new(Gemini {
        models: format!("{base}/{version}/models/"),
        key: key_header(key)?,
        codec: Codec::new(Service::Gemini, &format!("google/{}", settings.name)),
    }))
}

/// The value of the header that carries an API key.
pub(crate) fn key_header(key: &SecretString) -> Result<HeaderValue, SettingsError> {
    secret_header(key.expose_secret())
}
