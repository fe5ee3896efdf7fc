//! `azureopenai`: not written yet.

use crate::{Kind, SettingsError};

/// The kind.
pub(crate) const KIND: Kind =
    Kind { name: "azureopenai", build: |_| Err(SettingsError::new("type", "cannot be used yet")) };
