//! The headers that every call of this API bears.

use http::{HeaderName, HeaderValue};

use crate::error::SettingsError;

/// The header that carries a key.
pub(crate) const KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The header that names the API's version: <https://docs.claude.com/en/api/versioning>.
pub(crate) const VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// The version when the entry names none.
const DEFAULT: &str = "2023-06-01";

/// The value of [`VERSION`]: the entry's `api_version`, or the default.
pub(crate) fn version(wanted: Option<&str>) -> Result<HeaderValue, SettingsError> {
    let version = wanted.unwrap_or(DEFAULT);
    let is_date = version.len() == 10 && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    HeaderValue::from_str(version).ok().filter(|_| is_date).ok_or_else(|| {
        SettingsError::new("api_version", format!("`{version}` is not a version such as `{DEFAULT}`"))
    })
}
