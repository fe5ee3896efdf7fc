//! The settings of an `anthropic` entry.

use http::HeaderValue;
use secrecy::ExposeSecret;

use super::Claude;
use crate::codec::{Credential, Provider};
use crate::error::SettingsError;
use crate::openai::secret_header;
use crate::settings::Settings;

/// The base that the official SDKs take by default.
const ENDPOINT: &str = "https://api.anthropic.com";

/// The version of the API when none is set: <https://docs.claude.com/en/api/versioning>.
const VERSION: &str = "2023-06-01";

pub(super) fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    settings.only(&["api_key", "api_version", "prompt_caching"])?;
    let Some(key) = &settings.api_key else {
        return Err(SettingsError::new("api_key", "is needed for type `anthropic`"));
    };
    Ok(Box::new(Claude {
        base: settings.base(Some(ENDPOINT))?.trim_end_matches("/v1").to_owned(),
        key: Some(secret_header(key.expose_secret())?),
        credential: Credential::InHeaders,
        version: version(settings)?,
        origin: format!("anthropic/{}", settings.name),
        prompt_caching: settings.prompt_caching.unwrap_or(true),
    }))
}

/// The version as a header.
pub(crate) fn version(settings: &Settings) -> Result<HeaderValue, SettingsError> {
    let version = settings.api_version.as_deref().unwrap_or(VERSION);
    let is_date = version.len() == 10 && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    HeaderValue::from_str(version).ok().filter(|_| is_date).ok_or_else(|| {
        SettingsError::new("api_version", format!("`{version}` is not a version such as `{VERSION}`"))
    })
}
