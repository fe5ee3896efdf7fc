//! A setting as data, and the rows that several kinds share. Configuration, schema and documentation are made from the same rows.

use super::Settings;

/// A setting that a kind has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The key within the provider's entry.
    pub name: &'static str,
    /// What its values look like.
    pub form: ValueForm,
    /// What it is for, in sentences; for the documentation and for editors.
    pub help: &'static str,
}

/// What a setting's values look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueForm {
    /// Any text.
    Text,
    /// A key. It is shown nowhere.
    Secret,
    /// An http or https address without a user and a query.
    Address,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The path of a file whose text is secret. The value is the text.
    SecretFile,
}

impl Setting {
    pub(crate) const fn new(name: &'static str, form: ValueForm, help: &'static str) -> Self {
        Self { name, form, help }
    }
}

/// Where it is.
pub(crate) const ENDPOINT: Setting = Setting::new(
    "endpoint",
    ValueForm::Address,
    "The base address, as the provider's own SDK takes it. Needed for Azure and for `openai_compatible` without a preset.",
);

/// The key.
pub(crate) const API_KEY: Setting = Setting::new("api_key", ValueForm::Secret, "The API key.");

/// The API's version.
pub(crate) const API_VERSION: Setting = Setting::new(
    "api_version",
    ValueForm::Text,
    "The version of the provider's API, where it has several: a date for Azure and Anthropic, `v1` or `v1beta` for Google.",
);

/// Which of the two APIs to speak.
pub(crate) const API: Setting = Setting::new(
    "api",
    ValueForm::Word(&["responses", "chat_completions"]),
    "Which of OpenAI's two APIs to speak. The default depends on the type.",
);

/// Cache breakpoints.
pub(crate) const PROMPT_CACHING: Setting =
    Setting::new("prompt_caching", ValueForm::Flag, "Anthropic: set cache breakpoints. Default `true`.");

/// Which of `OpenAI`'s two APIs an upstream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    /// The Responses API.
    Responses,
    /// Chat Completions.
    ChatCompletions,
}

impl Api {
    /// What the entry says, if it says it.
    pub(crate) fn of(settings: &Settings) -> Option<Self> {
        match settings.word(&API)? {
            "responses" => Some(Self::Responses),
            _ => Some(Self::ChatCompletions),
        }
    }
}
