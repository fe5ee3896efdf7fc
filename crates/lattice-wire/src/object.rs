//! Objects whose unknown fields are kept.
//!
//! `#[serde(flatten)]` buffers every value into a tree and cannot hold borrowed raw values, so the few structs that keep
//! what they do not know are read by the `keeping_object!` visitor: known keys go to their field, the rest to `extra`.

use crate::Document;
use std::borrow::Cow;

use lattice_model::Json;

use crate::leaf::{Raw, Str};
use crate::write::JsonWriter;

/// Unknown fields of an object, in order.
pub type Fields<'a> = Vec<(Cow<'a, str>, Raw<'a>)>;

/// Declares a struct of optional borrowed fields that keeps its unknown ones in `extra`. `null` counts as absent.
macro_rules! keeping_object {
    ($(#[$meta:meta])* pub struct $name:ident<'a> { $( $(#[doc = $doc:literal])* $field:ident $key:literal : $kind:ty ),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub struct $name<'a> {
            $( $(#[doc = $doc])* pub $field: Option<$kind>, )*
            /// Fields without a name here.
            pub extra: $crate::object::Fields<'a>,
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor<'a>(std::marker::PhantomData<&'a ()>);
                impl<'de: 'a, 'a> serde::de::Visitor<'de> for Visitor<'a> {
                    type Value = $name<'a>;
                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        formatter.write_str("an object")
                    }
                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut object = $name::default();
                        while let Some($crate::object::Key(key)) = map.next_key()? {
                            match key.as_ref() {
                                $( $key => {
                                    if object.$field.is_some() {
                                        return Err(serde::de::Error::duplicate_field($key));
                                    }
                                    object.$field = map.next_value()?;
                                } )*
                                _ => object.extra.push((key, map.next_value()?)),
                            }
                        }
                        object.extra.retain(|(_, raw)| !raw.is_null());
                        Ok(object)
                    }
                }
                deserializer.deserialize_map(Visitor(std::marker::PhantomData))
            }
        }

        impl $name<'_> {
            /// All fields, but those of these names, as they stand in the document.
            pub fn fields(&self, document: &Document, except: &[&str]) -> lattice_model::Extra {
                let mut fields = lattice_model::Extra::new();
                $( if let Some(value) = &self.$field && !except.contains(&$key) {
                    fields.push(($key.into(), $crate::object::Carried::carried(value, document)));
                } )*
                fields.extend($crate::leaf::extra_of(&self.extra, document));
                fields
            }
        }

        impl $crate::object::Carried for $name<'_> {
            fn carried(&self, document: &Document) -> lattice_model::Json {
                let mut writer = $crate::write::JsonWriter::new();
                writer.object(|writer| {
                    writer.extra(&self.fields(document, &[]));
                });
                lattice_model::Json::from_raw(writer.finish().to_bytes())
            }
        }
    };
}
pub(crate) use keeping_object;

/// What can be carried on as the JSON that it was.
pub(crate) trait Carried {
    fn carried(&self, document: &Document) -> Json;
}

impl Carried for Str<'_> {
    fn carried(&self, document: &Document) -> Json {
        Json::from_raw(self.to_text(document).literal().clone())
    }
}

impl Carried for Raw<'_> {
    fn carried(&self, document: &Document) -> Json {
        self.to_json(document)
    }
}

impl Carried for bool {
    fn carried(&self, _: &Document) -> Json {
        Json::from_value(&(*self).into())
    }
}

impl Carried for i64 {
    fn carried(&self, _: &Document) -> Json {
        Json::from_value(&(*self).into())
    }
}

impl Carried for u64 {
    fn carried(&self, _: &Document) -> Json {
        Json::from_value(&(*self).into())
    }
}

impl Carried for u32 {
    fn carried(&self, _: &Document) -> Json {
        Json::from_value(&(*self).into())
    }
}

impl Carried for f64 {
    fn carried(&self, _: &Document) -> Json {
        Json::from_value(&(*self).into())
    }
}

impl<T: Carried> Carried for Vec<T> {
    fn carried(&self, document: &Document) -> Json {
        let mut writer = JsonWriter::new();
        writer.array(|writer| {
            for one in self {
                writer.json(&one.carried(document));
            }
        });
        Json::from_raw(writer.finish().to_bytes())
    }
}

/// A key, borrowed unless it holds escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Key<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// The path of the field, such as `input[2].content[0].image_url`; empty for the whole document.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

/// Reads a document. The path of an error is only looked for once there is one.
///
/// # Errors
/// [`ParseError`] for what is no JSON or has another shape.
pub fn parse<'a, T: serde::Deserialize<'a>>(document: &'a [u8]) -> Result<T, ParseError> {
    let Ok(document) = std::str::from_utf8(document) else {
        return Err(ParseError { path: String::new(), message: "the body is not valid UTF-8".into() });
    };
    serde_json::from_str(document).map_err(|first| locate::<T>(document, &first))
}

/// Between the path within a value that is read on its own and what is wrong there.
const WITHIN: char = '\u{1f}';

/// Reads a value that stands within another; its error carries the path on to [`parse`].
pub(crate) fn parse_within<'a, T: serde::Deserialize<'a>, E: serde::de::Error>(
    value: &'a str,
) -> Result<T, E> {
    serde_json::from_str(value).map_err(|first| {
        let error = locate::<T>(value, &first);
        E::custom(format!("{}{WITHIN}{}", error.path, error.message))
    })
}

fn locate<'a, T: serde::Deserialize<'a>>(document: &'a str, first: &serde_json::Error) -> ParseError {
    let mut deserializer = serde_json::Deserializer::from_str(document);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Err(error) => {
            let path = error.path().to_string();
            let path = if path == "." || first.is_syntax() || first.is_eof() { String::new() } else { path };
            let message = error.into_inner().to_string();
            match message.split_once(WITHIN) {
                None => ParseError { path, message },
                Some((within, message)) => {
                    let dot = if within.is_empty() || within.starts_with('[') { "" } else { "." };
                    ParseError { path: format!("{path}{dot}{within}"), message: message.to_owned() }
                }
            }
        }
        Ok(_) => ParseError { path: String::new(), message: first.to_string() },
    }
}
