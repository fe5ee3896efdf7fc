//! A JSON value that is carried, not read: schemas, provider extras, whatever the gateway does not understand.

use std::fmt;

use bytes::Bytes;

/// Any JSON value as it stood in its document.
#[derive(Clone, PartialEq, Eq)]
pub struct Json(Bytes);

/// Fields that the gateway has no name for, in their order of arrival.
pub type Extra = Vec<(Box<str>, Json)>;

impl Json {
    /// Takes a value as it stands in a JSON document. The caller vouches that a JSON parser has accepted it.
    pub fn from_raw(raw: Bytes) -> Self {
        Self(raw)
    }

    /// Writes a tree out.
    pub fn from_value(value: &serde_json::Value) -> Self {
        Self(Bytes::from(value.to_string()))
    }

    /// The value's bytes.
    pub fn raw(&self) -> &Bytes {
        &self.0
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        self.0.first() == Some(&b'{')
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.0.as_ref() == b"null"
    }

    /// The value as a tree; for small values off the hot path.
    pub fn to_value(&self) -> serde_json::Value {
        serde_json::from_slice(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&String::from_utf8_lossy(&self.0))
    }
}
