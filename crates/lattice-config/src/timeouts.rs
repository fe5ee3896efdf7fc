//! `timeouts`: how long to wait for a provider.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::context::Context;
use crate::path::Path;
use crate::value::Period;

/// `timeouts` as it is written, at the top or in a provider's entry.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawTimeouts {
    /// For the connection, TLS included. Default `10s`.
    connect: Option<Period>,
    /// For the first byte of the answer; a model that thinks at length without streaming needs minutes. Default `10m`.
    first_byte: Option<Period>,
    /// Between two pieces of a stream. Default `5m`.
    idle: Option<Period>,
    /// For the whole exchange, a duration or `none`. It cuts live streams, so there is none by default.
    total: Option<Period>,
}

/// How long to wait for a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the connection, TLS included.
    pub connect: Duration,
    /// From the request to the first byte of the answer.
    pub first_byte: Duration,
    /// Between two pieces of the answer.
    pub idle: Duration,
    /// For the whole exchange, if it is limited.
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        // Ten minutes is what the providers' own SDKs wait for an answer that is not streamed.
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_mins(10),
            idle: Duration::from_mins(5),
            total: None,
        }
    }
}

/// The timeouts, with `defaults` for those that are not written.
pub(crate) fn check(
    raw: Option<&RawTimeouts>,
    defaults: Timeouts,
    path: &Path,
    context: &mut Context<'_>,
) -> Timeouts {
    let Some(raw) = raw else { return defaults };
    Timeouts {
        connect: context.duration(&path.key("connect"), raw.connect.as_ref(), defaults.connect),
        first_byte: context.duration(&path.key("first_byte"), raw.first_byte.as_ref(), defaults.first_byte),
        idle: context.duration(&path.key("idle"), raw.idle.as_ref(), defaults.idle),
        total: match &raw.total {
            None => defaults.total,
            Some(period) if period.0 == "none" => None,
            Some(period) => Some(context.duration(&path.key("total"), Some(period), Duration::MAX)),
        },
    }
}
