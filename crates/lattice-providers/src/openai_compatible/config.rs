//! The settings of an `openai_compatible` entry, or of one of its presets.

use secrecy::ExposeSecret;

use super::{Compatible, PRESETS, Quirks};
use crate::codec::Provider;
use crate::error::SettingsError;
use crate::faults::{Meanings, OPENAI};
use crate::openai::{Codec, bearer};
use crate::settings::{Api, Settings};

pub(super) fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
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
    let origin = format!("openai_compatible/{}", settings.name);
    Ok(Box::new(Compatible {
        base: settings.base(preset.map(|preset| preset.endpoint))?,
        authorization: key.map(bearer).transpose()?,
        codec: Codec::new(
            settings.api.unwrap_or(Api::ChatCompletions),
            origin,
            Quirks::of_preset(name).with_max_tokens(settings.max_tokens_field),
            Meanings { own: preset.map_or(&[], |preset| preset.faults), api: OPENAI },
        ),
    }))
}
