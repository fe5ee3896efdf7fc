//! Values that are written as text and mean more: durations, sizes, secrets.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::SecretString;
use serde::Deserialize;

/// A length of time as it is written: `250ms`, `10s`, `5m`, `1h`.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Period(pub(crate) String);

impl Period {
    /// The duration; `None` for what is not one.
    pub(crate) fn duration(&self) -> Option<Duration> {
        let digits = self.0.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let number: u64 = digits.parse().ok()?;
        let milliseconds: u64 = match self.0.get(digits.len()..)? {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        Some(Duration::from_millis(number.checked_mul(milliseconds)?))
    }
}

impl JsonSchema for Period {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "duration" })
    }
}

/// A number of bytes as it is written: `10485760` or `10MB`.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Size(pub(crate) String);

impl Size {
    /// The bytes; `None` for what is not a size.
    pub(crate) fn bytes(&self) -> Option<usize> {
        let digits = self.0.trim_end_matches(|letter: char| letter.is_ascii_alphabetic() || letter == ' ');
        let number: usize = digits.parse().ok()?;
        let factor: usize = match self.0.get(digits.len()..)?.trim().to_ascii_uppercase().as_str() {
            "" | "B" => 1,
            "KB" | "KIB" => 1 << 10,
            "MB" | "MIB" => 1 << 20,
            "GB" | "GIB" => 1 << 30,
            _ => return None,
        };
        number.checked_mul(factor)
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "format": "size" })
    }
}

/// Text that nobody may see.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text, for a check that needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_secret(self) -> SecretString {
        self.0.into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // `writeOnly` is JSON Schema's word for a value that is given and never shown; the shape check goes by it.
        json_schema!({ "type": "string", "writeOnly": true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_one_unit() {
        let duration = |text: &str| Period(text.to_owned()).duration();
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration("10s"), Some(Duration::from_secs(10)));
        assert_eq!(duration("5m"), Some(Duration::from_mins(5)));
        assert_eq!(duration("1h"), Some(Duration::from_hours(1)));
        for wrong in
            ["", "10", "s", "-1s", "1.5s", "1d", "10 s", "99999999999999999999s", "9999999999999999999h"]
        {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_count_in_steps_of_1024() {
        let bytes = |text: &str| Size(text.to_owned()).bytes();
        assert_eq!(bytes("10485760"), Some(10_485_760));
        assert_eq!(bytes("10MB"), Some(10_485_760));
        assert_eq!(bytes("10 MiB"), Some(10_485_760));
        assert_eq!(bytes("1kb"), Some(1024));
        for wrong in ["", "MB", "1.5MB", "-1", "10TB", "99999999999GB"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }
}
