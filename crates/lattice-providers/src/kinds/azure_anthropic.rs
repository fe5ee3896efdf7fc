//! `azureanthropic`: Claude in Microsoft Foundry. The Messages API is the same; address and credentials are Azure's:
//! <https://learn.microsoft.com/azure/ai-foundry/foundry-models/how-to/use-foundry-models-claude>.

use super::{Kind, Variable, anthropic};
use crate::apis::messages::{Messages, headers};
use crate::credentials::{AUTHORITY, CLIENT_ID, CLIENT_SECRET, MANAGED_IDENTITY, TENANT_ID, entra, plain};
use crate::error::SettingsError;
use crate::provider::Provider;
use crate::served::{Address, Served};
use crate::settings::{API_KEY, API_VERSION, ENDPOINT, PROMPT_CACHING, Setting, Settings};

/// The kind.
pub(super) const KIND: Kind = Kind {
    environment: &[
        Variable::needed("api_key", &["AZURE_ANTHROPIC_API_KEY"]),
        Variable::needed("endpoint", &["AZURE_ANTHROPIC_ENDPOINT", "AZURE_ANTHROPIC_BASE_URL"]),
    ],
    // Deployments have names of their own, so none is listed.
    prefixes: anthropic::PREFIXES,
    ..Kind::new("azureanthropic", SETTINGS, build)
};

const SETTINGS: &[Setting] = &[
    ENDPOINT,
    API_KEY,
    API_VERSION,
    TENANT_ID,
    CLIENT_ID,
    CLIENT_SECRET,
    AUTHORITY,
    MANAGED_IDENTITY,
    PROMPT_CACHING,
];

fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    let base = settings.base(None)?;
    let base = base.trim_end_matches("/v1/messages").trim_end_matches("/v1");
    if !base.ends_with("/anthropic") {
        let message = "must end in `/anthropic`, such as `https://RESOURCE.services.ai.azure.com/anthropic`";
        return Err(SettingsError::new("endpoint", message));
    }
    let served =
        Served::new(Address::at(base), Messages::new(settings.origin(), settings.flag(&PROMPT_CACHING)))
            .with_header(headers::VERSION, headers::version(settings.text(&API_VERSION))?)
            .with_credential(entra(settings)?);
    Ok(match settings.secret(&API_KEY) {
        Some(key) => served.with_header(headers::KEY, plain(key)?),
        None => served,
    }
    .boxed())
}
