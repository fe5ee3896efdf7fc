//! One folder per upstream: pure codecs between the gateway's turn and a provider's own API.
//!
//! Invariants: opens no socket, reads no clock and no environment. Adding a provider is its folder, its `mod` line and its
//! line in [`KINDS`].

mod codec;
mod data_url;
mod error;
mod events;
mod faults;
mod foreign;
pub mod seal;
mod settings;

mod anthropic;
mod azure_anthropic;
mod azure_openai;
mod demo;
mod gemini;
mod openai;
mod openai_compatible;
mod vertex;

pub use codec::{Credential, Decoder, Exchange, Model, Provider, TokenSource};
pub use error::{DecodeError, EncodeError, SettingsError};
pub use events::{EventDecoder, SseDecoder};
pub use faults::{Rule, TABLES};
pub use openai_compatible::{PRESETS, Preset};
pub use settings::{Api, MaxTokensField, Settings};

/// A kind of provider, as `type` in the configuration names it.
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
    gemini::KIND,
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
}
