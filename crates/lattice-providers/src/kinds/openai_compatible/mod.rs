//! `openai_compatible`: every server that speaks Chat Completions, or the Responses API, and the presets for those that are known.

mod presets;

use http::header::AUTHORIZATION;

use super::Kind;
use crate::apis::chat_completions::{ChatCompletions, Quirks};
use crate::apis::responses::Responses;
use crate::credentials::bearer;
use crate::error::SettingsError;
use crate::faults::{Meanings, OPENAI};
use crate::provider::Provider;
use crate::served::{Address, Served};
use crate::settings::{API, API_KEY, Api, ENDPOINT, Setting, Settings, ValueForm};

pub use presets::{PRESETS, Preset};

/// The kind.
pub(crate) const KIND: Kind =
    Kind::new("openai_compatible", &[PRESET, ENDPOINT, API_KEY, API, MAX_TOKENS_FIELD], build);

const PRESET: Setting = Setting::new(
    "preset",
    ValueForm::Word(&presets::NAMES),
    "For `openai_compatible`: the preset that knows the server's address and ways.",
);

const MAX_TOKENS_FIELD: Setting = Setting::new(
    "max_tokens_field",
    ValueForm::Word(&["max_tokens", "max_completion_tokens"]),
    "`openai_compatible`: what the server calls the most output tokens. Default `max_tokens`.",
);

fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    if settings.preset().is_some() && settings.word(&PRESET).is_some() {
        let message = format!("is not needed beside `type: {}`; take it out", settings.of_type());
        return Err(SettingsError::new("preset", message));
    }
    let name = settings.preset().or(settings.word(&PRESET));
    let preset = PRESETS.iter().find(|preset| Some(preset.name) == name);
    let key = settings.secret(&API_KEY);
    if let Some(preset) = preset
        && key.is_none()
        && !preset.local
        && settings.endpoint().is_none()
    {
        return Err(SettingsError::new("api_key", format!("is needed for `{}`", preset.name)));
    }
    let address = Address::at(settings.base(preset.map(|preset| preset.endpoint))?);
    let meanings = Meanings { own: preset.map_or(&[], |preset| preset.faults), api: OPENAI };
    let quirks = preset.map_or(Quirks::COMMON, |preset| preset.quirks);
    let served = match Api::of(settings).unwrap_or(Api::ChatCompletions) {
        Api::Responses => Served::new(address, Responses::new(settings.origin(), meanings)),
        Api::ChatCompletions => {
            let quirks = quirks.with_max_tokens(settings.word(&MAX_TOKENS_FIELD));
            Served::new(address, ChatCompletions::new(quirks, meanings))
        }
    };
    Ok(match key {
        Some(key) => served.with_header(AUTHORIZATION, bearer(key)?),
        None => served,
    }
    .boxed())
}
