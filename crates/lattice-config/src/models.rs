//! `models`: the models that clients can ask for.

use std::collections::HashMap;

use lattice_model::{Capability, Word};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::closest::did_you_mean;
use crate::context::Context;
use crate::path::Path;

/// A model as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawModel {
    /// The name that clients use.
    #[schemars(required)]
    name: Option<String>,
    /// The provider entry that answers.
    #[schemars(required)]
    provider: Option<String>,
    /// The provider's own id for it, such as the name of a deployment. Default: the name.
    provider_model_id: Option<String>,
    /// The most tokens that it can answer with. Providers that demand a limit in every request get this one when the client sets none.
    max_output_tokens: Option<u64>,
    /// How many tokens question and answer can have together.
    context_window: Option<u64>,
    /// What it can do. Not said by default: then the provider decides.
    capabilities: Option<Vec<RawCapability>>,
}

/// A capability as it is written.
#[derive(Debug, Clone, Copy)]
struct RawCapability(Capability);

impl<'de> Deserialize<'de> for RawCapability {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let unknown = || serde::de::Error::custom("is not a capability");
        Capability::of_name(&name).map(Self).ok_or_else(unknown)
    }
}

impl JsonSchema for RawCapability {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Capability".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = Capability::ALL.iter().map(|capability| capability.name()).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

/// A model that clients can ask for. Its name is its own and its provider exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelEntry {
    /// The name that clients use.
    pub name: String,
    /// The provider entry that answers.
    pub provider: String,
    /// The provider's own id for it.
    pub provider_model_id: String,
    /// The most tokens that it can answer with, if the file says so.
    pub max_output_tokens: Option<u64>,
    /// How many tokens question and answer can have together, if the file says so.
    pub context_window: Option<u64>,
    /// What it can do, if the file says so.
    pub capabilities: Option<Vec<Capability>>,
}

impl ModelEntry {
    /// A model of which only the name is known.
    pub(crate) fn named(name: &str, provider: &str) -> Self {
        Self {
            name: name.to_owned(),
            provider: provider.to_owned(),
            provider_model_id: name.to_owned(),
            max_output_tokens: None,
            context_window: None,
            capabilities: None,
        }
    }
}

/// Checks the section. `providers` are the names of all entries, of wrong ones too: a mistake there is not one here.
pub(crate) fn check(raw: &[RawModel], providers: &[&str], context: &mut Context<'_>) -> Vec<ModelEntry> {
    let mut seen: HashMap<&str, Path> = HashMap::new();
    let mut models = Vec::new();
    for (index, model) in raw.iter().enumerate() {
        let path = Path::of(&["models"]).index(index);
        if let Some(name) = model.name.as_deref() {
            let name_path = path.key("name");
            if let Some(first) = seen.get(name) {
                let message = format!(
                    "is {} again; the first is at {}. Every model needs a name of its own",
                    context.quote(&name_path),
                    context.origin(first)
                );
                context.error(&name_path, message);
            } else {
                seen.insert(name, name_path);
            }
        }
        models.extend(check_one(model, &path, providers, context));
    }
    models
}

fn check_one(
    raw: &RawModel,
    path: &Path,
    providers: &[&str],
    context: &mut Context<'_>,
) -> Option<ModelEntry> {
    let name = required(raw.name.as_deref(), &path.key("name"), "the name that clients use", context);
    let provider_path = path.key("provider");
    let provider = required(raw.provider.as_deref(), &provider_path, "one of `providers`", context);
    if let Some(provider) = provider.filter(|name| !providers.contains(name)) {
        let message = format!(
            "names {}, which is not one of `providers`.{}",
            context.quote(&provider_path),
            did_you_mean(provider, providers.iter().copied())
        );
        context.error(&provider_path, message);
    }
    for (key, number) in
        [("max_output_tokens", raw.max_output_tokens), ("context_window", raw.context_window)]
    {
        if number == Some(0) {
            context.error(&path.key(key), "must be at least 1; take the key out if it is not known");
        }
    }
    let (name, provider) = (name?, provider?);
    Some(ModelEntry {
        provider_model_id: raw.provider_model_id.clone().unwrap_or_else(|| name.to_owned()),
        max_output_tokens: raw.max_output_tokens,
        context_window: raw.context_window,
        capabilities: raw
            .capabilities
            .as_ref()
            .map(|declared| declared.iter().map(|RawCapability(capability)| *capability).collect()),
        ..ModelEntry::named(name, provider)
    })
}

fn required<'a>(
    value: Option<&'a str>,
    path: &Path,
    meaning: &str,
    context: &mut Context<'_>,
) -> Option<&'a str> {
    let value = value.filter(|value| !value.trim().is_empty());
    if value.is_none() {
        context.missing(path, &format!("is needed: {meaning}"));
    }
    value
}
