//! `azureopenai`: `OpenAI`'s APIs on Azure. The body is the same; address and credentials are Azure's:
//! <https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle>.

#[cfg(test)]
mod tests;

use http::HeaderName;

use super::{Kind, Variable, openai};
use crate::apis::chat_completions::{ChatCompletions, Quirks};
use crate::apis::responses::Responses;
use crate::credentials::{AUTHORITY, CLIENT_ID, CLIENT_SECRET, MANAGED_IDENTITY, TENANT_ID, entra, plain};
use crate::error::SettingsError;
use crate::faults::{Meanings, OPENAI};
use crate::provider::Provider;
use crate::served::{Address, Served};
use crate::settings::{API, API_KEY, API_VERSION, Api, ENDPOINT, Setting, Settings};

/// The kind.
pub(super) const KIND: Kind = Kind {
    environment: &[
        Variable::needed("api_key", &["AZURE_OPENAI_API_KEY"]),
        Variable::needed("endpoint", &["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_BASE_URL"]),
    ],
    // Deployments have names of their own, so none is listed.
    prefixes: openai::PREFIXES,
    ..Kind::new("azureopenai", SETTINGS, build)
};

const SETTINGS: &[Setting] =
    &[ENDPOINT, API_KEY, API_VERSION, API, TENANT_ID, CLIENT_ID, CLIENT_SECRET, AUTHORITY, MANAGED_IDENTITY];

fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    let api = Api::of(settings).unwrap_or(Api::Responses);
    let address = address(settings, api)?;
    let meanings = Meanings::of(OPENAI);
    let served = match api {
        Api::Responses => Served::new(address, Responses::new(settings.origin(), meanings)),
        Api::ChatCompletions => Served::new(address, ChatCompletions::new(Quirks::OPENAI, meanings)),
    };
    let served = served.with_credential(entra(settings)?);
    Ok(match settings.secret(&API_KEY) {
        Some(key) => served.with_header(HeaderName::from_static("api-key"), plain(key)?),
        None => served,
    }
    .boxed())
}

/// A date selects the older addresses, which name the deployment (the model's id); else the `v1` addresses are used.
fn address(settings: &Settings, api: Api) -> Result<Address, SettingsError> {
    let base = settings.base(None)?;
    // The portal shows addresses with this path too.
    let base = base.trim_end_matches("/openai/v1").trim_end_matches("/openai");
    let version = match settings.text(&API_VERSION) {
        None | Some("v1" | "preview" | "latest") => return Ok(Address::at(format!("{base}/openai/v1"))),
        Some(version) => version,
    };
    if !version.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(SettingsError::new(
            "api_version",
            format!("`{version}` is not a version such as `2025-04-01-preview`"),
        ));
    }
    let address = match api {
        Api::Responses => Address::at(format!("{base}/openai")),
        Api::ChatCompletions => Address::at(format!("{base}/openai/deployments")).naming_model(),
    };
    Ok(address.with_query(format!("?api-version={version}")))
}
