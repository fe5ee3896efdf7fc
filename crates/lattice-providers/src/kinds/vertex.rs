//! `vertexai`: Gemini on Vertex AI:
//! <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference>.

use super::{Kind, Variable, google};
use crate::apis::gemini::{Gemini, KEY_HEADER, Service};
use crate::credentials::plain;
use crate::error::SettingsError;
use crate::provider::{Credential, Provider, TokenSource};
use crate::served::{Address, Served};
use crate::settings::{API_KEY, API_VERSION, ENDPOINT, Setting, Settings, ValueForm};

/// What the tokens are good for: <https://docs.cloud.google.com/vertex-ai/docs/authentication>.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The kind.
pub(super) const KIND: Kind = Kind {
    environment: &[
        Variable::needed("project", &["GOOGLE_CLOUD_PROJECT"]),
        Variable::optional("location", &["GOOGLE_CLOUD_LOCATION"]),
        Variable::optional("endpoint", &["VERTEX_BASE_URL"]),
    ],
    with_google_default: true,
    models: google::MODELS,
    prefixes: google::PREFIXES,
    ..Kind::new("vertexai", &[ENDPOINT, API_KEY, API_VERSION, PROJECT, LOCATION, CREDENTIALS_FILE], build)
};

const PROJECT: Setting = Setting::new("project", ValueForm::Text, "Vertex AI: the Google Cloud project.");

const LOCATION: Setting = Setting::new(
    "location",
    ValueForm::Text,
    "Vertex AI: the location, such as `global` or `europe-west1`. Default `global`.",
);

const CREDENTIALS_FILE: Setting = Setting::new(
    "credentials_file",
    ValueForm::SecretFile,
    "Vertex AI: the file of the service account. Relative to the configuration file. Default: the application default credentials.",
);

fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    let (key, file) = (settings.secret(&API_KEY), settings.secret(&CREDENTIALS_FILE));
    if key.is_some() && file.is_some() {
        return Err(SettingsError::new("api_key", "and `credentials_file` exclude each other; keep one"));
    }
    let location = name("location", settings.text(&LOCATION))?.unwrap_or("global");
    let project = name("project", settings.text(&PROJECT))?;
    let default = match location {
        "global" => "https://aiplatform.googleapis.com".to_owned(),
        // Multi-regions have hosts of their own.
        "us" | "eu" => format!("https://aiplatform.{location}.rep.googleapis.com"),
        region => format!("https://{region}-aiplatform.googleapis.com"),
    };
    let base = settings.base(Some(&default))?;
    let version = settings.text(&API_VERSION).unwrap_or("v1");
    let place = match project {
        Some(project) => format!("projects/{project}/locations/{location}/"),
        // The express mode: the key tells the project.
        None if key.is_some() => String::new(),
        None => {
            return Err(SettingsError::new(
                "project",
                "is needed for type `vertexai`, unless it has an `api_key`",
            ));
        }
    };
    let scope = SCOPE.to_owned();
    let credential = match (key, file) {
        (Some(_), _) => Credential::InHeaders,
        (None, Some(json)) => {
            Credential::Bearer(TokenSource::GoogleCredentials { json: json.clone(), scope })
        }
        (None, None) => Credential::Bearer(TokenSource::GoogleDefault { scope }),
    };
    let service = Service::Vertex { is_global: location == "global" };
    let address = Address::at(format!("{base}/{version}/{place}publishers/google"));
    let served = Served::new(address, Gemini::new(service, &settings.origin())).with_credential(credential);
    Ok(match key {
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
