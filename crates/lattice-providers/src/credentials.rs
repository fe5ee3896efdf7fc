//! What opens a provider's door: keys as headers, and Azure's three ways to sign in.

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::error::SettingsError;
use crate::provider::{Credential, TokenSource};
use crate::settings::{API_KEY, Setting, Settings, ValueForm};

/// The directory.
pub(crate) const TENANT_ID: Setting =
    Setting::new("tenant_id", ValueForm::Text, "Azure with Entra ID: the directory.");

/// Who signs in.
pub(crate) const CLIENT_ID: Setting = Setting::new(
    "client_id",
    ValueForm::Text,
    "Azure with Entra ID: the app registration, or the user-assigned identity.",
);

/// The app registration's secret.
pub(crate) const CLIENT_SECRET: Setting =
    Setting::new("client_secret", ValueForm::Secret, "Azure with Entra ID: the app registration's secret.");

/// Base of the token service, for clouds of their own.
pub(crate) const AUTHORITY: Setting = Setting::new(
    "authority",
    ValueForm::Address,
    "Azure with Entra ID: the base of the token service. Default: the public cloud's.",
);

/// Whether the machine signs in.
pub(crate) const MANAGED_IDENTITY: Setting = Setting::new(
    "managed_identity",
    ValueForm::Flag,
    "Azure: use the machine's managed identity. Default `false`.",
);

/// The token service of the public cloud.
const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com";

/// What a token is for: <https://learn.microsoft.com/azure/ai-foundry/openai/how-to/managed-identity>.
const RESOURCE: &str = "https://cognitiveservices.azure.com";

/// The key that a kind cannot do without.
pub(crate) fn needed(settings: &Settings) -> Result<&SecretString, SettingsError> {
    let missing = || SettingsError::new("api_key", format!("is needed for type `{}`", settings.of_type()));
    settings.secret(&API_KEY).ok_or_else(missing)
}

/// `Bearer KEY`, hidden from logs.
pub(crate) fn bearer(key: &SecretString) -> Result<HeaderValue, SettingsError> {
    secret_header(&format!("Bearer {}", key.expose_secret()))
}

/// The key as it stands, hidden from logs.
pub(crate) fn plain(key: &SecretString) -> Result<HeaderValue, SettingsError> {
    secret_header(key.expose_secret())
}

fn secret_header(value: &str) -> Result<HeaderValue, SettingsError> {
    let mut value = HeaderValue::from_str(value.trim())
        .map_err(|_| SettingsError::new("api_key", "holds characters that a header cannot carry"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The key, or one of the two ways of Entra ID: exactly one of the three.
pub(crate) fn entra(settings: &Settings) -> Result<Credential, SettingsError> {
    let key = settings.secret(&API_KEY);
    let secret = settings.secret(&CLIENT_SECRET);
    let by_machine = settings.flag(&MANAGED_IDENTITY) == Some(true);
    let client_id = settings.text(&CLIENT_ID);
    match (key, secret, by_machine) {
        (None, None, false) => {
            let message =
                "is needed; or `tenant_id`, `client_id` and `client_secret`, or `managed_identity: true`";
            Err(SettingsError::new("api_key", message))
        }
        (Some(_), None, false) => Ok(Credential::InHeaders),
        (None, None, true) => Ok(Credential::Bearer(TokenSource::EntraManagedIdentity {
            client_id: client_id.map(str::to_owned),
            resource: RESOURCE.to_owned(),
        })),
        (None, Some(secret), false) => {
            let needed = |row: &Setting, value: Option<&str>| {
                let missing = || SettingsError::new(row.name, "is needed beside `client_secret`");
                value.map(str::to_owned).ok_or_else(missing)
            };
            let authority =
                settings.text(&AUTHORITY).unwrap_or(PUBLIC_CLOUD).trim_end_matches('/').to_owned();
            Ok(Credential::Bearer(TokenSource::EntraClientSecret {
                authority,
                tenant_id: needed(&TENANT_ID, settings.text(&TENANT_ID))?,
                client_id: needed(&CLIENT_ID, client_id)?,
                client_secret: secret.clone(),
                scope: format!("{RESOURCE}/.default"),
            }))
        }
        _ => {
            let message = "is one of three ways to sign in beside `client_secret` and `managed_identity`; keep one of them";
            Err(SettingsError::new("api_key", message))
        }
    }
}
