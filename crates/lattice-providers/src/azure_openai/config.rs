//! The settings of an `azureopenai` entry, and Entra ID, which Azure's kinds share.

use super::AzureOpenAi;
use crate::codec::{Credential, Provider, TokenSource};
use crate::error::SettingsError;
use crate::openai::{Codec, MEANINGS, secret_header};
use crate::openai_compatible::Quirks;
use crate::settings::{Api, Settings};
use secrecy::ExposeSecret;

/// The token service of the public cloud.
const AUTHORITY: &str = "https://login.microsoftonline.com";

/// What a token is for: <https://learn.microsoft.com/azure/ai-foundry/openai/how-to/managed-identity>.
const RESOURCE: &str = "https://cognitiveservices.azure.com";

pub(super) fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    settings.only(&[
        "api_key",
        "api_version",
        "api",
        "tenant_id",
        "client_id",
        "client_secret",
        "authority",
        "managed_identity",
    ])?;
    let base = settings.base(None)?;
    // The portal shows addresses with this path too.
    let base = base.trim_end_matches("/openai/v1").trim_end_matches("/openai").to_owned();
    let version =
        settings.api_version.as_deref().filter(|version| !matches!(*version, "v1" | "preview" | "latest"));
    if let Some(version) =
        version.filter(|version| !version.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
    {
        return Err(SettingsError::new(
            "api_version",
            format!("`{version}` is not a version such as `2025-04-01-preview`"),
        ));
    }
    let credential = entra(settings)?;
    let key = settings.api_key.as_ref().map(|key| secret_header(key.expose_secret())).transpose()?;
    let origin = format!("azureopenai/{}", settings.name);
    Ok(Box::new(AzureOpenAi {
        base,
        dated: version.map(str::to_owned),
        key,
        credential,
        codec: Codec::new(settings.api.unwrap_or(Api::Responses), origin, Quirks::openai(), MEANINGS),
    }))
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
