//! Borrowed leaves of a JSON document.

use crate::Document;
use lattice_model::{Extra, Json, Text};
use serde::de::{Deserialize, Deserializer, Error, Unexpected};
use serde_json::value::RawValue;

/// Any JSON value, as it stands in the document.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(transparent)]
pub struct Raw<'a>(#[serde(borrow)] pub &'a RawValue);

impl Raw<'_> {
    /// The value as a slice of the document it was parsed from.
    pub fn to_json(self, document: &Document) -> Json {
        Json::from_raw(document.slice_of(self.0.get()))
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.0.get() == "null"
    }
}

/// A JSON string, as it stands in the document: quotes and escapes included.
#[derive(Debug, Clone, Copy)]
pub struct Str<'a>(&'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let literal = <&RawValue>::deserialize(deserializer)?.get();
        let found = match literal.as_bytes().first() {
            Some(b'"') => return Ok(Self(literal)),
            Some(b'{') => Unexpected::Map,
            Some(b'[') => Unexpected::Seq,
            Some(b't' | b'f') => Unexpected::Other("boolean"),
            Some(b'n') => Unexpected::Unit,
            _ => Unexpected::Other("number"),
        };
        Err(D::Error::invalid_type(found, &"a string"))
    }
}

impl<'a> Str<'a> {
    /// The text as a slice of the document it was parsed from. Unpaired surrogate escapes, which no UTF-8 text can
    /// express, become U+FFFD.
    pub fn to_text(self, document: &Document) -> Text {
        Text::from_literal(document.slice_of(self.0)).unwrap_or_else(|_| Text::new(&self.lossy()))
    }

    /// The plain text, for short values.
    pub fn plain(self) -> String {
        serde_json::from_str(self.0).unwrap_or_else(|_| self.lossy())
    }

    /// The escaped content between the quotes: enough to compare with words that need no escapes.
    pub fn escaped(self) -> &'a str {
        self.0.get(1..self.0.len().saturating_sub(1)).unwrap_or_default()
    }

    /// Whether every escape can be expressed in UTF-8.
    pub fn is_valid(self) -> bool {
        memchr::memmem::find(self.0.as_bytes(), b"\\u").is_none()
            || serde_json::from_str::<String>(self.0).is_ok()
    }

    fn lossy(self) -> String {
        let bytes: Vec<u8> = serde_json::from_str::<BytesOf>(self.0).map(|bytes| bytes.0).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// `serde_json` gives unpaired surrogates to byte visitors in a generalized UTF-8.
struct BytesOf(Vec<u8>);

impl<'de> Deserialize<'de> for BytesOf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = BytesOf;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a string")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<BytesOf, E> {
                Ok(BytesOf(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Visitor)
    }
}

/// Unknown fields as slices of their document.
pub fn extra_of(fields: &[(std::borrow::Cow<'_, str>, Raw<'_>)], document: &Document) -> Extra {
    fields.iter().map(|(name, raw)| (Box::from(name.as_ref()), raw.to_json(document))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_a_slice_of_its_document() {
        let document = Document::from(r#"["plain \n text", 1]"#);
        let parsed: (Str<'_>, u8) = serde_json::from_slice(&document).unwrap();
        let text = parsed.0.to_text(&document);
        assert_eq!(text.decode(), "plain \n text");
        assert_eq!(text.literal().as_ptr(), document[1..].as_ptr());
    }

    #[test]
    fn other_types_are_refused_by_name() {
        let error = serde_json::from_str::<Str<'_>>("12").unwrap_err().to_string();
        assert!(error.contains("number") && error.contains("a string"), "{error}");
    }

    #[test]
    fn unpaired_surrogates_become_replacement_characters() {
        let document = Document::from(r#""a\ud83d!""#);
        let text: Str<'_> = serde_json::from_slice(&document).unwrap();
        assert!(!text.is_valid());
        let decoded = text.to_text(&document).decode().into_owned();
        assert!(
            decoded.starts_with('a') && decoded.ends_with('!') && decoded.contains('\u{fffd}'),
            "{decoded}"
        );
    }
}
