//! `openai_compatible`: not written yet.

use crate::{Kind, SettingsError};

/// The kind.
pub(crate) const KIND: Kind =
    Kind { name: "openai_compatible", build: |_| Err(SettingsError::new("type", "cannot be used yet")) };

/// A look-alike of `OpenAI`: a row, not a folder.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    /// The `type` that names it.
    pub name: &'static str,
    /// Where it is when `endpoint` is not set.
    pub endpoint: &'static str,
}

/// All presets, by name.
pub const PRESETS: &[Preset] = &[];
