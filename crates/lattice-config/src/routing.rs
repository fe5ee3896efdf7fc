//! `routing`: what happens to models that are not declared.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::providers::ProviderEntry;

/// `routing` as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawRouting {
    /// Lets models through that are not declared, by the start of their name: `gpt-`, `chatgpt-`, `o1`, `o3` and `o4` to the first
    /// entry of type `openai` (else `azureopenai`), `claude-` to `anthropic` (else `azureanthropic`), `gemini-` to `google` (else
    /// `vertexai`). Default `false`, and `true` without a file.
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

/// Which names belong to which types, the preferred type first.
const PREFIXES: &[(&[&str], &[&str])] = &[
    (&["gpt-", "chatgpt-", "o1", "o3", "o4"], &["openai", "azureopenai"]),
    (&["claude-"], &["anthropic", "azureanthropic"]),
    (&["gemini-"], &["google", "vertexai"]),
];

/// The prefixes that lead somewhere.
pub(crate) fn prefixes(providers: &[ProviderEntry]) -> Vec<Prefix> {
    let mut found = Vec::new();
    for (prefixes, kinds) in PREFIXES {
        let of_kind = |kind: &&str| providers.iter().find(|entry| entry.settings.kind == **kind);
        if let Some(entry) = kinds.iter().find_map(of_kind) {
            let provider = &entry.settings.name;
            found.extend(prefixes.iter().map(|prefix| Prefix { prefix, provider: provider.clone() }));
        }
    }
    found
}
