//! `routing`: what happens to models that are not declared.

use lattice_providers::KINDS;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::providers::ProviderEntry;

/// `routing` as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawRouting {
    /// Lets models through that are not declared, by the start of their name: to the first entry of the first type in the table of
    /// types that has such names. Default `false`, and `true` without a file.
    pub(crate) by_prefix: Option<bool>,
}

/// Lets models that are not declared through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    /// The start of the model's name.
    pub prefix: &'static str,
    /// The provider entry, which exists.
    pub provider: String,
}

/// The prefixes that lead somewhere: each to an entry of the first kind that has it.
pub(crate) fn prefixes(providers: &[ProviderEntry]) -> Vec<Prefix> {
    let mut found: Vec<Prefix> = Vec::new();
    for kind in KINDS {
        let Some(entry) = providers.iter().find(|entry| entry.settings.of_type() == kind.name) else {
            continue;
        };
        for &prefix in kind.prefixes {
            if found.iter().all(|known| known.prefix != prefix) {
                found.push(Prefix { prefix, provider: entry.settings.name().to_owned() });
            }
        }
    }
    found
}
