//! `openai`: not written yet.

use crate::{Kind, SettingsError};

/// The kind.
pub(crate) const KIND: Kind =
    Kind { name: "openai", build: |_| Err(SettingsError::new("type", "cannot be used yet")) };
