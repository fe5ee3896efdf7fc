//! `vertexai`: Gemini on Vertex AI:
//! <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference>.

use super::Kind;
use crate::apis::gemini::{Gemini, KEY_HEADER, Service};
use crate::credentials::plain;
use crate::error::SettingsError;
use crate::provider::{Credential, Provider, TokenSource};
use crate::served::{Address, Served};
use crate::settings::Settings;

/// What the tokens are good for: <https://docs.cloud.google.com/vertex-ai/docs/authentication>.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The kind.
pub(super) const KIND: Kind = Kind { name: "vertexai", build };

fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    settings.only(&["api_key", "api_version", "project", "location", "credentials_file"])?;
    if settings.api_key.is_some() && settings.credentials.is_some() {
        return Err(SettingsError::new("api_key", "and `credentials_file` exclude each other; keep one"));
    }
    let location = name("location", settings.location.as_deref())?.unwrap_or("global");
    let project = name("project", settings.project.as_deref())?;
    let default = match location {
        "global" => "https://aiplatform.googleapis.com".to_owned(),
        // Multi-regions have hosts of their own.
        "us" | "eu" => format!("https://aiplatform.{location}.rep.googleapis.com"),
        region => format!("https://{region}-aiplatform.googleapis.com"),
    };
    let base = settings.base(Some(&default))?;
    let version = settings.api_version.as_deref().unwrap_or("v1");
    let place = match project {
        Some(project) => format!("projects/{project}/locations/{location}/"),
        // The express mode: the key tells the project.
        None if settings.api_key.is_some() => String::new(),
        None => {
            return Err(SettingsError::new(
                "project",
                "is needed for type `vertexai`, unless it has an `api_key`",
            ));
        }
    };
    let scope = SCOPE.to_owned();
    let credential = match (&settings.api_key, &settings.credentials) {
        (Some(_), _) => Credential::InHeaders,
        (None, Some(json)) => {
            Credential::Bearer(TokenSource::GoogleCredentials { json: json.clone(), scope })
        }
        (None, None) => Credential::Bearer(TokenSource::GoogleDefault { scope }),
    };
    let service = Service::Vertex { is_global: location == "global" };
    let address = Address::at(format!("{base}/{version}/{place}publishers/google"));
    let served = Served::new(address, Gemini::new(service, &settings.origin())).with_credential(credential);
    Ok(match &settings.api_key {
        Some(key) => served.with_header(KEY_HEADER, plain(key)?),
        None => served,
    }
    .boxed())
}

/// A setting that becomes part of an address.
fn name<'a>(setting: &'static str, value: Option<&'a str>) -> Result<Option<&'a str>, SettingsError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    match value {
        Some(value) if value.is_empty() || !value.chars().all(fits) => {
            Err(SettingsError::new(setting, format!("`{value}` is not a name that Google Cloud gives")))
        }
        value => Ok(value),
    }
}
