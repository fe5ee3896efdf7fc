//! `azureanthropic`: Claude in Microsoft Foundry. The Messages API is the same; address and credentials are Azure's:
//! <https://learn.microsoft.com/azure/ai-foundry/foundry-models/how-to/use-foundry-models-claude>.

use super::Kind;
use crate::apis::messages::{Messages, headers};
use crate::credentials::{entra, plain};
use crate::error::SettingsError;
use crate::provider::Provider;
use crate::served::{Address, Served};
use crate::settings::Settings;

/// The kind.
pub(super) const KIND: Kind = Kind { name: "azureanthropic", build };

fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
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
    let base = base.trim_end_matches("/v1/messages").trim_end_matches("/v1");
    if !base.ends_with("/anthropic") {
        let message = "must end in `/anthropic`, such as `https://RESOURCE.services.ai.azure.com/anthropic`";
        return Err(SettingsError::new("endpoint", message));
    }
    let served = Served::new(Address::at(base), Messages::new(settings))
        .with_header(headers::VERSION, headers::version(settings.api_version.as_deref())?)
        .with_credential(entra(settings)?);
    Ok(match &settings.api_key {
        Some(key) => served.with_header(headers::KEY, plain(key)?),
        None => served,
    }
    .boxed())
}
