//! `azureanthropic`: Claude in Microsoft Foundry. The Messages API is the same; address and credentials are Azure's.

mod config;

use crate::Kind;

/// The kind.
pub(crate) const KIND: Kind = Kind { name: "azureanthropic", build: config::build };
