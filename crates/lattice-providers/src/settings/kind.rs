//! What a kind of provider says of itself.

use super::{Setting, Settings};
use crate::error::SettingsError;
use crate::provider::Provider;

/// A kind of provider.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The `type`.
    pub name: &'static str,
    /// What can be set for it.
    pub settings: &'static [Setting],
    /// Makes a provider from its settings.
    pub build: fn(&Settings) -> Result<Box<dyn Provider>, SettingsError>,
    /// The variables that stand for an entry where there is no configuration file; the first one says whether there is an entry.
    pub environment: &'static [Variable],
    /// Whether such an entry also takes Google's application default credentials.
    pub with_google_default: bool,
    /// The models that are listed for such an entry; others go by their prefix.
    pub models: &'static [&'static str],
    /// How the names of its models start, for models that are not declared.
    pub prefixes: &'static [&'static str],
}

/// A setting that the environment may hold.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// The setting.
    pub setting: &'static str,
    /// The variables' names, the first one that is set counts.
    pub names: &'static [&'static str],
    /// Whether there is no entry without it.
    pub is_needed: bool,
}

impl Kind {
    pub(crate) const fn new(
        name: &'static str,
        settings: &'static [Setting],
        build: fn(&Settings) -> Result<Box<dyn Provider>, SettingsError>,
    ) -> Self {
        let (environment, models, prefixes) = (&[], &[], &[]);
        Self { name, settings, build, environment, with_google_default: false, models, prefixes }
    }
}

impl Variable {
    pub(crate) const fn needed(setting: &'static str, names: &'static [&'static str]) -> Self {
        Self { setting, names, is_needed: true }
    }

    pub(crate) const fn optional(setting: &'static str, names: &'static [&'static str]) -> Self {
        Self { setting, names, is_needed: false }
    }
}
