//! The settings of an `azureanthropic` entry: <https://learn.microsoft.com/azure/ai-foundry/foundry-models/how-to/use-foundry-models-claude>.

use secrecy::ExposeSecret;

use crate::anthropic::{Claude, version};
use crate::azure_openai::entra;
use crate::codec::Provider;
use crate::error::SettingsError;
use crate::openai::secret_header;
use crate::settings::Settings;

pub(super) fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    settings.only(&[
        "api_key",
        "api_version",
        "tenant_id",
        "client_id",
        "client_secret",
        "authority",
        "managed_identity",
        "prompt_caching",
    ])?;
    let base = settings.base(None)?;
    let base = base.trim_end_matches("/v1/messages").trim_end_matches("/v1").to_owned();
    if !base.ends_with("/anthropic") {
        let message = format!(
            "must end in `/anthropic`, such as `https://RESOURCE.services.ai.azure.com/anthropic`, not `{base}`"
        );
        return Err(SettingsError::new("endpoint", message));
    }
    Ok(Box::new(Claude {
        base,
        key: settings.api_key.as_ref().map(|key| secret_header(key.expose_secret())).transpose()?,
        credential: entra(settings)?,
        version: version(settings)?,
        origin: format!("azureanthropic/{}", settings.name),
        prompt_caching: settings.prompt_caching.unwrap_or(true),
    }))
}
