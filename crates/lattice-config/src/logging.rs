//! `logging`: what the gateway writes to its log.

use schemars::JsonSchema;
use serde::Deserialize;

/// `logging` as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawLogging {
    /// How a line looks: `json` for machines, `text` for people. Default `text`.
    format: Option<Format>,
    /// The least important lines that are written: `trace`, `debug`, `info`, `warn` or `error`. Default `info`.
    level: Option<Level>,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For machines.
    Json,
    /// For people.
    #[default]
    Text,
}

/// How important a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Trace,
    Debug,
    #[default]
    Info,
    Warn,
    Error,
}

impl Format {
    /// As it is written in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
        }
    }
}

impl Level {
    /// As it is written in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// What the gateway writes to its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Logging {
    /// How a line looks.
    pub format: Format,
    /// The least important lines that are written.
    pub level: Level,
}

/// All of it is right already: the types say so.
pub(crate) fn check(raw: &RawLogging) -> Logging {
    Logging { format: raw.format.unwrap_or_default(), level: raw.level.unwrap_or_default() }
}
