//! The settings of one provider entry, the same for all kinds; a kind refuses those it does not have.

use secrecy::SecretString;

use crate::error::SettingsError;

/// Which of `OpenAI`'s two APIs an upstream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// The Responses API.
    Responses,
    /// Chat Completions.
    ChatCompletions,
}

/// What a Chat Completions server calls the most output tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxTokensField {
    /// `max_tokens`
    MaxTokens,
    /// `max_completion_tokens`
    MaxCompletionTokens,
}

/// The settings of one provider entry.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The entry's name: what state and encrypted reasoning are keyed by.
    pub name: String,
    /// The `type`.
    pub kind: String,
    /// The row of `openai_compatible`, where the type is one or `preset` names it.
    pub preset: Option<String>,
    /// The base that the provider's official SDK takes.
    pub endpoint: Option<String>,
    /// The key.
    pub api_key: Option<SecretString>,
    /// The API version: a date for Azure and Anthropic, `v1` or `v1beta` for Google.
    pub api_version: Option<String>,
    /// Google Cloud: the project.
    pub project: Option<String>,
    /// Google Cloud: the location, such as `global` or `europe-west1`.
    pub location: Option<String>,
    /// Google Cloud: the text of the credentials file.
    pub credentials: Option<SecretString>,
    /// Which of `OpenAI`'s two APIs to speak.
    pub api: Option<Api>,
    /// Azure: the directory, for Entra ID.
    pub tenant_id: Option<String>,
    /// Azure: the app registration, or the user-assigned identity.
    pub client_id: Option<String>,
    /// Azure: the app registration's secret.
    pub client_secret: Option<SecretString>,
    /// Azure: base of the token service, for clouds of their own.
    pub authority: Option<String>,
    /// Azure: use the machine's managed identity.
    pub managed_identity: bool,
    /// Anthropic: set cache breakpoints automatically; on when absent.
    pub prompt_caching: Option<bool>,
    /// What the server calls the most output tokens; `max_tokens` when absent.
    pub max_tokens_field: Option<MaxTokensField>,
}

impl Settings {
    /// Refuses settings that the kind does not have.
    ///
    /// # Errors
    /// [`SettingsError`] names the first one that is set and not among `known`. `name`, `type` and `endpoint` are always known.
    pub fn only(&self, known: &[&'static str]) -> Result<(), SettingsError> {
        let set = [
            ("preset", self.preset.is_some()),
            ("api_key", self.api_key.is_some()),
            ("api_version", self.api_version.is_some()),
            ("project", self.project.is_some()),
            ("location", self.location.is_some()),
            ("credentials_file", self.credentials.is_some()),
            ("api", self.api.is_some()),
            ("tenant_id", self.tenant_id.is_some()),
            ("client_id", self.client_id.is_some()),
            ("client_secret", self.client_secret.is_some()),
            ("authority", self.authority.is_some()),
            ("managed_identity", self.managed_identity),
            ("prompt_caching", self.prompt_caching.is_some()),
            ("max_tokens_field", self.max_tokens_field.is_some()),
        ];
        match set.iter().find(|(name, is_set)| *is_set && !known.contains(name)) {
            Some((name, _)) => Err(SettingsError::new(
                name,
                format!("is not a setting of type `{}`; take it out", self.kind),
            )),
            None => Ok(()),
        }
    }

    /// What state and encrypted reasoning of the entry are tagged with: its kind and its name.
    pub(crate) fn origin(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }

    /// The endpoint, or `default`, without a trailing slash.
    ///
    /// # Errors
    /// [`SettingsError`] when it is no http or https URL, or when there is neither.
    pub fn base(&self, default: Option<&str>) -> Result<String, SettingsError> {
        let Some(endpoint) = self.endpoint.as_deref().or(default) else {
            return Err(SettingsError::new("endpoint", format!("is needed for type `{}`", self.kind)));
        };
        match url::Url::parse(endpoint) {
            Ok(url)
                if matches!(url.scheme(), "http" | "https")
                    && url.has_host()
                    && url.query().is_none()
                    && url.username().is_empty()
                    && url.password().is_none() =>
            {
                Ok(endpoint.trim_end_matches('/').to_owned())
            }
            _ => Err(SettingsError::new(
                "endpoint",
                // It is not quoted: a query, or a user's part, may hold a secret.
                "is not an http or https address without a user and a query, such as `https://host/v1`",
            )),
        }
    }
}
