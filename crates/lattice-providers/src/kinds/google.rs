//! `google`: Gemini by Google's developer API: <https://ai.google.dev/api/generate-content>.

use super::{Kind, Variable};
use crate::apis::gemini::{Gemini, KEY_HEADER, Service};
use crate::credentials::{needed, plain};
use crate::error::SettingsError;
use crate::provider::Provider;
use crate::served::{Address, Served};
use crate::settings::{API_KEY, API_VERSION, ENDPOINT, Settings};

/// The base that the official SDKs take by default: without a version.
const BASE: &str = "https://generativelanguage.googleapis.com";

/// The version that has all features: <https://ai.google.dev/gemini-api/docs/api-versions>.
const VERSION: &str = "v1beta";

/// The kind.
pub(super) const KIND: Kind = Kind {
    environment: &[
        Variable::needed("api_key", &["GEMINI_API_KEY", "GOOGLE_API_KEY"]),
        Variable::optional("endpoint", &["GEMINI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"]),
    ],
    models: MODELS,
    prefixes: PREFIXES,
    ..Kind::new("google", &[ENDPOINT, API_KEY, API_VERSION], build)
};

/// The models that are listed, also for Vertex AI.
pub(super) const MODELS: &[&str] = &["gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite"];

/// How the names of Gemini's models start, also on Vertex AI.
pub(super) const PREFIXES: &[&str] = &["gemini-"];

fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    let key = plain(needed(settings)?)?;
    let base = settings.base(Some(BASE))?;
    let version = settings.text(&API_VERSION).unwrap_or(VERSION);
    let address = Address::at(format!("{base}/{version}"));
    Ok(Served::new(address, Gemini::new(Service::Developer, &settings.origin()))
        .with_header(KEY_HEADER, key)
        .boxed())
}
