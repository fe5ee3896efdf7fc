//! What opens a provider's door: keys as headers, and Azure's three ways to sign in.

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::error::SettingsError;
use crate::provider::{Credential, TokenSource};
use crate::settings::Settings;

/// The token service of the public cloud.
const AUTHORITY: &str = "https://login.microsoftonline.com";

/// What a token is for: <https://learn.microsoft.com/azure/ai-foundry/openai/how-to/managed-identity>.
const RESOURCE: &str = "https://cognitiveservices.azure.com";

/// The key that a kind cannot do without.
pub(crate) fn needed(settings: &Settings) -> Result<&SecretString, SettingsError> {
    let missing = || SettingsError::new("api_key", format!("is needed for type `{}`", settings.kind));
    settings.api_key.as_ref().ok_or_else(missing)
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
    let registration = (&settings.tenant_id, &settings.client_id, &settings.client_secret);
    let ways = [settings.api_key.is_some(), settings.client_secret.is_some(), settings.managed_identity];
    match ways.iter().filter(|way| **way).count() {
        0 => {
            let message =
                "is needed; or `tenant_id`, `client_id` and `client_secret`, or `managed_identity: true`";
            return Err(SettingsError::new("api_key", message));
        }
        1 => {}
        _ => {
            let message = "is one of three ways to sign in beside `client_secret` and `managed_identity`; keep one of them";
            return Err(SettingsError::new("api_key", message));
        }
    }
    if settings.api_key.is_some() {
        return Ok(Credential::InHeaders);
    }
    if settings.managed_identity {
        let (client_id, resource) = (settings.client_id.clone(), RESOURCE.to_owned());
        return Ok(Credential::Bearer(TokenSource::EntraManagedIdentity { client_id, resource }));
    }
    let (Some(tenant_id), Some(client_id), Some(client_secret)) = registration else {
        let missing = if settings.tenant_id.is_none() { "tenant_id" } else { "client_id" };
        return Err(SettingsError::new(missing, "is needed beside `client_secret`"));
    };
    let authority = settings.authority.as_deref().unwrap_or(AUTHORITY).trim_end_matches('/').to_owned();
    Ok(Credential::Bearer(TokenSource::EntraClientSecret {
        authority,
        tenant_id: tenant_id.clone(),
        client_id: client_id.clone(),
        client_secret: client_secret.clone(),
        scope: format!("{RESOURCE}/.default"),
    }))
}
