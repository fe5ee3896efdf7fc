//! The kinds of providers, as `type` in the configuration names them: where an API is served, and what opens the door there.
//!
//! Adding one is its file or folder, its `mod` line and its line in [`KINDS`].

mod anthropic;
mod azure_anthropic;
mod azure_openai;
mod demo;
mod google;
mod openai;
mod openai_compatible;
mod vertex;

use crate::error::SettingsError;
use crate::provider::Provider;
use crate::settings::Settings;

pub use openai_compatible::{PRESETS, Preset};

/// A kind of provider.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The `type`.
    pub name: &'static str,
    /// Makes a provider from its settings.
    pub build: fn(&Settings) -> Result<Box<dyn Provider>, SettingsError>,
}

/// All kinds, by name. The presets of [`PRESETS`] are types too: rows of `openai_compatible`.
pub const KINDS: &[Kind] = &[
    anthropic::KIND,
    azure_anthropic::KIND,
    azure_openai::KIND,
    demo::KIND,
    google::KIND,
    openai::KIND,
    openai_compatible::KIND,
    vertex::KIND,
];

/// Makes a provider of the kind, or the preset, that the settings name.
///
/// # Errors
/// [`SettingsError`] names the setting that is missing, wrong or not one of this kind's.
pub fn build(mut settings: Settings) -> Result<Box<dyn Provider>, SettingsError> {
    if PRESETS.iter().any(|preset| preset.name == settings.kind) {
        settings.preset = Some(std::mem::replace(&mut settings.kind, openai_compatible::KIND.name.into()));
    }
    match KINDS.iter().find(|kind| kind.name == settings.kind) {
        Some(kind) => (kind.build)(&settings),
        None => Err(SettingsError::new("type", "is not a kind of provider that the gateway knows")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_sorted_and_unique() {
        let names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
    }

    #[test]
    fn a10_an_address_that_is_refused_is_not_quoted() {
        for endpoint in ["https://h/v1?key=sk-secret", "https://u:sk-secret@h/v1", "sk-secret"] {
            let settings = Settings {
                kind: "openai".into(),
                endpoint: Some(endpoint.into()),
                api_key: Some("k".to_owned().into()),
                ..Settings::default()
            };
            let error = build(settings).unwrap_err();
            assert_eq!(error.setting, "endpoint");
            assert!(!error.to_string().contains("sk-secret"), "{error}");
        }
    }
}
