//! Times as people and programs read them: RFC 3339, UTC.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time, in seconds since 1970; null where there is none.
pub(crate) fn shown(seconds: impl Into<Option<i64>>) -> Value {
    let time = seconds.into().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    time.and_then(|time| time.format(&Rfc3339).ok()).map_or(Value::Null, Value::from)
}

/// Seconds since 1970 of a time with its zone.
pub(crate) fn read(text: &str) -> Option<i64> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        assert_eq!(shown(1_795_000_000), Value::from("2026-11-18T11:06:40Z"));
        assert_eq!(shown(None), Value::Null);
        assert_eq!(read("2026-11-18T11:06:40Z"), Some(1_795_000_000));
        assert_eq!(read("2026-11-18T12:06:40.25+01:00"), Some(1_795_000_000));
        for wrong in ["2026-11-18", "tomorrow", "", "2026-13-01T00:00:00Z"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
