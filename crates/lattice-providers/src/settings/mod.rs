//! The settings of one provider entry: the values that are set for the rows that its kind has.

mod kind;
mod rows;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::error::SettingsError;

pub use kind::{Kind, Variable};
pub(crate) use rows::{API, API_KEY, API_VERSION, Api, ENDPOINT, PROMPT_CACHING};
pub use rows::{Setting, ValueForm};

/// The settings of one provider entry. Every value has the form that its row demands.
#[derive(Clone)]
pub struct Settings {
    /// The entry's name: what state and encrypted reasoning are keyed by.
    name: String,
    kind: &'static Kind,
    /// The row of `openai_compatible`, where the `type` is one.
    preset: Option<&'static str>,
    values: BTreeMap<&'static str, Value>,
}

#[derive(Clone)]
enum Value {
    Text(String),
    Secret(SecretString),
    Word(&'static str),
    Flag(bool),
}

impl Settings {
    /// An entry of this kind with nothing set; `preset` where the `type` names one.
    pub(crate) fn of_kind(name: &str, kind: &'static Kind, preset: Option<&'static str>) -> Self {
        Self { name: name.to_owned(), kind, preset, values: BTreeMap::new() }
    }

    /// Sets a value, as it is written.
    ///
    /// # Errors
    /// [`SettingsError`] when the kind has no such setting, or it has another form. No value is repeated in it.
    pub fn set(&mut self, setting: &str, value: &str) -> Result<(), SettingsError> {
        let Some(row) = self.kind.settings.iter().find(|row| row.name == setting) else {
            let message = format!("is not a setting of type `{}`; take it out", self.of_type());
            return Err(SettingsError::new(setting.to_owned(), message));
        };
        let value = parsed(row.form, value).map_err(|message| SettingsError::new(row.name, message))?;
        self.values.insert(row.name, value);
        Ok(())
    }

    /// The entry's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The `type`: a kind's name, or a preset's.
    pub fn of_type(&self) -> &'static str {
        self.preset.unwrap_or(self.kind.name)
    }

    /// The kind.
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// The value of a row that is text, or an address. Secrets are not among them.
    pub fn text(&self, row: &Setting) -> Option<&str> {
        match self.values.get(row.name)? {
            Value::Text(text) => Some(text),
            Value::Secret(_) | Value::Word(_) | Value::Flag(_) => None,
        }
    }

    /// The base address, where one is set.
    pub fn endpoint(&self) -> Option<&str> {
        self.text(&ENDPOINT)
    }

    pub(crate) fn preset(&self) -> Option<&'static str> {
        self.preset
    }

    pub(crate) fn secret(&self, row: &Setting) -> Option<&SecretString> {
        match self.values.get(row.name)? {
            Value::Secret(secret) => Some(secret),
            Value::Text(_) | Value::Word(_) | Value::Flag(_) => None,
        }
    }

    pub(crate) fn word(&self, row: &Setting) -> Option<&'static str> {
        match self.values.get(row.name)? {
            Value::Word(word) => Some(word),
            Value::Text(_) | Value::Secret(_) | Value::Flag(_) => None,
        }
    }

    pub(crate) fn flag(&self, row: &Setting) -> Option<bool> {
        match self.values.get(row.name)? {
            Value::Flag(flag) => Some(*flag),
            Value::Text(_) | Value::Secret(_) | Value::Word(_) => None,
        }
    }

    /// What state and encrypted reasoning of the entry are tagged with: its kind and its name.
    pub(crate) fn origin(&self) -> String {
        format!("{}/{}", self.kind.name, self.name)
    }

    /// The endpoint, or `default`, without a trailing slash.
    pub(crate) fn base(&self, default: Option<&str>) -> Result<String, SettingsError> {
        match self.endpoint().or(default) {
            Some(base) => Ok(base.trim_end_matches('/').to_owned()),
            None => Err(SettingsError::new("endpoint", format!("is needed for type `{}`", self.of_type()))),
        }
    }
}

/// Secrets included: then what was made of one serves for the other.
impl PartialEq for Settings {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.of_type() == other.of_type() && self.values == other.values
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::Secret(one), Self::Secret(other)) => one.expose_secret() == other.expose_secret(),
            (Self::Word(one), Self::Word(other)) => one == other,
            (Self::Flag(one), Self::Flag(other)) => one == other,
            _ => false,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct(self.of_type());
        shown.field("name", &self.name);
        for (name, value) in &self.values {
            match value {
                Value::Text(text) => shown.field(name, text),
                Value::Secret(_) => shown.field(name, &"***"),
                Value::Word(word) => shown.field(name, word),
                Value::Flag(flag) => shown.field(name, flag),
            };
        }
        shown.finish_non_exhaustive()
    }
}

/// The value in its form, or what is wrong with it, without repeating it: what stands there may be a key in the wrong place.
fn parsed(form: ValueForm, value: &str) -> Result<Value, Cow<'static, str>> {
    match form {
        ValueForm::Text => Ok(Value::Text(value.to_owned())),
        ValueForm::Address => address(value).map(Value::Text),
        ValueForm::Secret if value.is_empty() => Err("is empty; take the key out, or give it a value".into()),
        ValueForm::Secret if HeaderValue::from_str(value).is_err() => {
            Err("holds a line break or another character that a key cannot hold".into())
        }
        ValueForm::Secret | ValueForm::SecretFile => Ok(Value::Secret(value.to_owned().into())),
        ValueForm::Word(words) => match words.iter().find(|word| **word == value) {
            Some(word) => Ok(Value::Word(word)),
            None => Err(format!("must be one of {}", words.join(", ")).into()),
        },
        ValueForm::Flag => match value.parse() {
            Ok(flag) => Ok(Value::Flag(flag)),
            Err(_) => Err("must be true or false".into()),
        },
    }
}

/// An endpoint with a password in it would be shown wherever endpoints are.
fn address(value: &str) -> Result<String, Cow<'static, str>> {
    match url::Url::parse(value) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Err("must not hold a user name or a password; put them into `headers`".into())
        }
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none() => {
            Ok(value.to_owned())
        }
        _ => Err("must be an address such as `https://example.com/v1` without a query".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a10_no_error_and_no_debug_repeats_a_value() {
        let wrong = [
            ("endpoint", "https://h/v1?key=sk-secret"),
            ("endpoint", "https://u:sk-secret@h/v1"),
            ("endpoint", "sk-secret"),
            ("api", "sk-secret"),
            ("api_key", "sk-secret\n"),
            ("project", "sk-secret"),
        ];
        for (setting, value) in wrong {
            let error = Settings::with("main", "openai", &[(setting, value)]).unwrap_err();
            assert_eq!(error.setting, setting);
            assert!(!error.to_string().contains("sk-secret"), "{error}");
        }
        let settings = Settings::with("main", "openai", &[("api_key", "sk-secret")]).unwrap();
        assert!(!format!("{settings:?}").contains("sk-secret"));
    }

    #[test]
    fn a_preset_is_a_type_and_has_the_settings_of_its_kind() {
        let groq = Settings::with("main", "groq", &[("max_tokens_field", "max_tokens")]).unwrap();
        assert_eq!((groq.of_type(), groq.kind().name), ("groq", "openai_compatible"));
        let error = Settings::with("main", "groq", &[("project", "p")]).unwrap_err();
        assert_eq!(error.to_string(), "`project` is not a setting of type `groq`; take it out");
        assert_eq!(Settings::new("main", "gorq").unwrap_err().setting, "type");
    }
}
