//! `openai_compatible`: every server that speaks Chat Completions, or the Responses API, and the presets for those that are known.

mod presets;

use http::header::AUTHORIZATION;
use secrecy::ExposeSecret;

use super::Kind;
use crate::apis::chat_completions::{ChatCompletions, Quirks};
use crate::apis::responses::Responses;
use crate::credentials::bearer;
use crate::error::SettingsError;
use crate::faults::{Meanings, OPENAI};
use crate::provider::Provider;
use crate::served::{Address, Served};
use crate::settings::{Api, Settings};

pub use presets::{PRESETS, Preset};

/// The kind.
pub(super) const KIND: Kind = Kind { name: "openai_compatible", build };

fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    // `type: groq` has been turned round by then: the preset holds the type, and the type the preset.
    let name = settings.preset.as_deref();
    settings.only(&["preset", "api_key", "api", "max_tokens_field"])?;
    let preset = match name {
        None => None,
        Some(name) => {
            let preset = PRESETS.iter().find(|preset| preset.name == name);
            Some(preset.ok_or_else(|| {
                let known: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
                SettingsError::new("preset", format!("`{name}` is not known; there are {}", known.join(", ")))
            })?)
        }
    };
    let key = settings.api_key.as_ref().filter(|key| !key.expose_secret().is_empty());
    if key.is_none() && preset.is_some_and(|preset| !preset.local) && settings.endpoint.is_none() {
        return Err(SettingsError::new("api_key", format!("is needed for `{}`", name.unwrap_or_default())));
    }
    let address = Address::at(settings.base(preset.map(|preset| preset.endpoint))?);
    let meanings = Meanings { own: preset.map_or(&[], |preset| preset.faults), api: OPENAI };
    let quirks = preset.map_or(Quirks::COMMON, |preset| preset.quirks);
    let served = match settings.api.unwrap_or(Api::ChatCompletions) {
        Api::Responses => Served::new(address, Responses::new(settings.origin(), meanings)),
        Api::ChatCompletions => {
            let quirks = quirks.with_max_tokens(settings.max_tokens_field);
            Served::new(address, ChatCompletions::new(quirks, meanings))
        }
    };
    Ok(match key {
        Some(key) => served.with_header(AUTHORIZATION, bearer(key)?),
        None => served,
    }
    .boxed())
}
