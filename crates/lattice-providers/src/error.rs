//! What can go wrong in a codec.

use std::borrow::Cow;

/// A turn cannot be put to this provider. Always the request's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EncodeError {
    /// The request's field, by its path, such as `input[2].content[0].image_url`.
    pub param: String,
    /// `unsupported_parameter` or `invalid_value`.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

impl EncodeError {
    /// This provider or model cannot honour the field.
    pub fn unsupported(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: param.into(), code: "unsupported_parameter", message: message.into() }
    }

    /// The field's value is wrong for every provider of this kind.
    pub fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: param.into(), code: "invalid_value", message: message.into() }
    }
}

/// An answer cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is not the provider's format.
    #[error("the provider sent something that is not its format: {0}")]
    Malformed(String),
    /// One event, or the whole body, is larger than the gateway takes.
    #[error("the provider sent more than {limit} bytes in one event")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// It stopped before its end.
    #[error("the provider's answer stopped before its end")]
    Cut,
}

/// A provider cannot be made from its settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{setting}` {message}")]
pub struct SettingsError {
    /// The key within the provider's entry.
    pub setting: Cow<'static, str>,
    /// What is wrong and what to do; follows the key's name in a sentence.
    pub message: Cow<'static, str>,
}

impl SettingsError {
    /// For one setting.
    pub fn new(setting: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { setting: setting.into(), message: message.into() }
    }
}
