//! The checks of single values, each naming the field it refuses.

use lattice_model::{Path, Text, Word};
use lattice_wire::Document;
use lattice_wire::{Raw, Str};

/// The longest text of one content part, in bytes: the standard's `maxLength`.
pub(super) const TEXT_LIMIT: usize = 10_485_760;
/// The longest image URL, data URLs included.
pub(super) const IMAGE_LIMIT: usize = 20_971_520;
/// The longest file data.
pub(super) const FILE_LIMIT: usize = 33_554_432;

/// A request that is wrong: which field, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// The field's path, such as `input[2].content[0].image_url`; `None` for the body as a whole.
    pub(crate) param: Option<String>,
    /// A stable code.
    pub(crate) code: &'static str,
    /// What is wrong and what to do.
    pub(crate) message: String,
}

impl Invalid {
    /// The value is not one that the field takes.
    pub(super) fn value(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: Some(param.into()), code: "invalid_value", message: message.into() }
    }

    /// The field has to be there.
    pub(super) fn missing(param: impl Into<String>) -> Self {
        let param = param.into();
        let message = format!("`{param}` is required");
        Self { param: Some(param), code: "missing_required_parameter", message }
    }

    /// The field is known, but what it asks for is not there yet.
    pub(super) fn unsupported(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: Some(param.into()), code: "unsupported_parameter", message: message.into() }
    }
}

/// A text that UTF-8 can express and that is not too long.
pub(super) fn text(value: Str<'_>, body: &Document, path: Path<'_>, limit: usize) -> Result<Text, Invalid> {
    if !value.is_valid() {
        return Err(Invalid::value(
            path,
            format!("`{path}` holds an unpaired surrogate escape, which is no text"),
        ));
    }
    if value.escaped().len() > limit && value.plain().chars().count() > limit {
        return Err(Invalid::value(path, format!("`{path}` is longer than {limit} characters")));
    }
    Ok(value.to_text(body))
}

/// A required text.
pub(super) fn required_text(
    value: Option<Str<'_>>,
    body: &Document,
    path: Path<'_>,
    limit: usize,
) -> Result<Text, Invalid> {
    match value {
        Some(value) => text(value, body, path, limit),
        None => Err(Invalid::missing(path)),
    }
}

/// An optional text.
pub(super) fn optional_text(
    value: Option<Str<'_>>,
    body: &Document,
    path: Path<'_>,
    limit: usize,
) -> Result<Option<Text>, Invalid> {
    value.map(|value| text(value, body, path, limit)).transpose()
}

/// A number within bounds.
pub(super) fn number(value: Option<f64>, path: Path<'_>, from: f64, to: f64) -> Result<Option<f64>, Invalid> {
    match value {
        Some(number) if !(from..=to).contains(&number) => {
            Err(Invalid::value(path, format!("`{path}` must be between {from} and {to}, not {number}")))
        }
        other => Ok(other),
    }
}

/// A whole number within bounds.
pub(super) fn whole(value: Option<i64>, path: Path<'_>, from: i64, to: i64) -> Result<Option<u64>, Invalid> {
    match value {
        Some(number) if number < from || number > to => {
            let range =
                if to == i64::MAX { format!("at least {from}") } else { format!("between {from} and {to}") };
            Err(Invalid::value(path, format!("`{path}` must be {range}, not {number}")))
        }
        other => Ok(other.and_then(|number| u64::try_from(number).ok())),
    }
}

/// One of a few words.
pub(super) fn word<W: Word>(value: Option<Str<'_>>, path: Path<'_>) -> Result<Option<W>, Invalid> {
    let Some(value) = value else { return Ok(None) };
    let value = value.plain();
    match W::of_name(&value) {
        Some(word) => Ok(Some(word)),
        None => Err(unknown_word(&value, path, W::ALL.iter().map(|word| word.name()))),
    }
}

/// One of these words, where no type of its own stands for them.
pub(super) fn one_of(
    value: Option<Str<'_>>,
    path: Path<'_>,
    words: &[&'static str],
) -> Result<Option<&'static str>, Invalid> {
    let Some(value) = value else { return Ok(None) };
    let value = value.plain();
    match words.iter().find(|word| **word == value) {
        Some(word) => Ok(Some(word)),
        None => Err(unknown_word(&value, path, words.iter().copied())),
    }
}

fn unknown_word<'a>(value: &str, path: Path<'_>, words: impl Iterator<Item = &'a str>) -> Invalid {
    let known = words.collect::<Vec<_>>().join("`, `");
    Invalid::value(path, format!("`{path}` must be one of `{known}`, not `{}`", shown(value)))
}

/// A name of 1 to 64 letters, digits, `_` and `-`.
pub(super) fn name(value: Option<Str<'_>>, path: Path<'_>) -> Result<String, Invalid> {
    let Some(value) = value else { return Err(Invalid::missing(path)) };
    let value = value.plain();
    let fits = (1..=64).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if fits {
        return Ok(value);
    }
    let message = format!("`{path}` must be 1 to 64 of `a-zA-Z0-9_-`, not `{}`", shown(&value));
    Err(Invalid::value(path, message))
}

/// A call id of 1 to 64 characters.
pub(super) fn call_id(value: Option<Str<'_>>, path: Path<'_>) -> Result<String, Invalid> {
    let Some(value) = value else { return Err(Invalid::missing(path)) };
    let value = value.plain();
    if (1..=64).contains(&value.chars().count()) {
        return Ok(value);
    }
    let message = format!("`{path}` must be 1 to 64 characters long, not {}", value.chars().count());
    Err(Invalid::value(path, message))
}

/// An object.
pub(super) fn object(value: Raw<'_>, path: Path<'_>) -> Result<(), Invalid> {
    if value.0.get().starts_with('{') {
        return Ok(());
    }
    Err(Invalid::value(path, format!("`{path}` must be an object")))
}

/// `metadata`: at most 16 pairs, keys of at most 64 and values of at most 512 characters.
pub(super) fn metadata(value: Raw<'_>) -> Result<(), Invalid> {
    object(value, Path::Field("metadata"))?;
    let pairs: serde_json::Map<String, serde_json::Value> = serde_json::from_str(value.0.get())
        .map_err(|error| Invalid::value("metadata", format!("`metadata` must be an object: {error}")))?;
    if pairs.len() > 16 {
        return Err(Invalid::value("metadata", "`metadata` may hold at most 16 pairs"));
    }
    for (key, value) in &pairs {
        let param = format!("metadata.{}", shown(key));
        if key.chars().count() > 64 {
            return Err(Invalid::value(param, "a key of `metadata` may have at most 64 characters"));
        }
        match value.as_str() {
            Some(text) if text.chars().count() <= 512 => {}
            Some(_) => {
                return Err(Invalid::value(param, "a value of `metadata` may have at most 512 characters"));
            }
            None => return Err(Invalid::value(param, "a value of `metadata` must be a string")),
        }
    }
    Ok(())
}

/// The start of a value, for an error message.
pub(super) fn shown(value: &str) -> String {
    value.chars().take(80).collect()
}
