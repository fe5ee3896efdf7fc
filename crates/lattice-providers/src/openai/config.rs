//! The settings of an `openai` entry.

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::{Codec, MEANINGS, OpenAi};
use crate::codec::Provider;
use crate::error::SettingsError;
use crate::openai_compatible::Quirks;
use crate::settings::{Api, Settings};

/// The base that the official SDKs take by default.
const ENDPOINT: &str = "https://api.openai.com/v1";

pub(super) fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    settings.only(&["api_key", "api"])?;
    let Some(key) = &settings.api_key else {
        return Err(SettingsError::new("api_key", "is needed for type `openai`"));
    };
    let origin = format!("openai/{}", settings.name);
    Ok(Box::new(OpenAi {
        base: settings.base(Some(ENDPOINT))?,
        authorization: bearer(key)?,
        codec: Codec::new(settings.api.unwrap_or(Api::Responses), origin, Quirks::openai(), MEANINGS),
    }))
}

/// `Bearer KEY`, hidden from logs.
pub(crate) fn bearer(key: &SecretString) -> Result<HeaderValue, SettingsError> {
    secret_header(&format!("Bearer {}", key.expose_secret()))
}

/// A header's value that is hidden from logs.
pub(crate) fn secret_header(value: &str) -> Result<HeaderValue, SettingsError> {
    let mut value = HeaderValue::from_str(value.trim())
        .map_err(|_| SettingsError::new("api_key", "holds characters that a header cannot carry"))?;
    value.set_sensitive(true);
    Ok(value)
}
