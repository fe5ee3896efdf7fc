//! The kinds of providers, as `type` in the configuration names them: where an API is served, and what opens the door there.
//!
//! Adding one is its file or folder, its `mod` line and its line in [`KINDS`]: what can be set for it, which variables of the environment
//! stand for it and which names of models lead to it are columns of its row.

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
use crate::settings::{Kind, Settings, Variable};

pub use openai_compatible::{PRESETS, Preset};

/// All kinds, the preferred ones first where two serve the same models. The presets of [`PRESETS`] are types too: rows of
/// `openai_compatible`.
pub const KINDS: &[Kind] = &[
    openai::KIND,
    anthropic::KIND,
    google::KIND,
    azure_openai::KIND,
    azure_anthropic::KIND,
    vertex::KIND,
    openai_compatible::KIND,
    demo::KIND,
];

impl Settings {
    /// An entry of this `type`, which names a kind or a preset, with nothing set.
    ///
    /// # Errors
    /// [`SettingsError`] when there is no such type.
    pub fn new(name: &str, of_type: &str) -> Result<Self, SettingsError> {
        if let Some(preset) = PRESETS.iter().find(|preset| preset.name == of_type) {
            return Ok(Self::of_kind(name, &openai_compatible::KIND, Some(preset.name)));
        }
        match KINDS.iter().find(|kind| kind.name == of_type) {
            Some(kind) => Ok(Self::of_kind(name, kind, None)),
            None => Err(SettingsError::new("type", "is not a type of provider that the gateway knows")),
        }
    }

    /// As [`Self::new`], with values.
    ///
    /// # Errors
    /// As [`Self::new`] and [`Self::set`].
    pub fn with(name: &str, of_type: &str, values: &[(&str, &str)]) -> Result<Self, SettingsError> {
        let mut settings = Self::new(name, of_type)?;
        values.iter().try_for_each(|(setting, value)| settings.set(setting, value))?;
        Ok(settings)
    }
}

/// Makes a provider of its settings.
///
/// # Errors
/// [`SettingsError`] names the setting that is missing or wrong.
pub fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    (settings.kind().build)(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_unique() {
        let mut names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
        names.extend(PRESETS.iter().map(|preset| preset.name));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn a_setting_is_one_row_and_variables_name_settings() {
        let rows: Vec<_> = KINDS.iter().flat_map(|kind| kind.settings).collect();
        for row in &rows {
            assert!(rows.iter().all(|other| other.name != row.name || other == row), "{row:?}");
        }
        for kind in KINDS {
            for variable in kind.environment {
                assert!(kind.settings.iter().any(|row| row.name == variable.setting), "{variable:?}");
            }
            assert!(kind.environment.first().is_none_or(|first| first.is_needed), "{}", kind.name);
        }
    }
}
