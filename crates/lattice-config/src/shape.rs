//! Holds the tree against the schema: unknown keys, wrong types, words that are not among those allowed.
//!
//! What is wrong is reported and left out, so that the checks of the sections go on with the rest and find their errors in the
//! same run.

use serde_json::{Map, Value as Json};

use crate::closest::{closest, did_you_mean};
use crate::error::Report;
use crate::path::Path;
use crate::tree::{Node, Scalar, Value};

/// The tree as JSON of the types that the schema names. `None` for what is not there or wrong.
pub(crate) fn convert(node: &Node, schema: &Json, path: &Path, report: &mut Report) -> Option<Json> {
    let schema = present(schema);
    match &node.value {
        Value::Null => None,
        Value::Map(entries) if is(schema, "object") => Some(map(entries, schema, path, report)),
        Value::List(items) if is(schema, "array") => {
            let below = schema.get("items").unwrap_or(&Json::Null);
            let convert = |(index, item)| {
                let path = path.index(index);
                let value = convert(item, below, &path, report);
                // A hole would shift the numbers of the items after it.
                value.unwrap_or_else(|| empty(below))
            };
            Some(Json::Array(items.iter().enumerate().map(convert).collect()))
        }
        Value::Scalar(text) if !is(schema, "object") && !is(schema, "array") => {
            match scalar(text, schema, report) {
                Ok(value) => Some(value),
                Err(message) => {
                    report.error(&node.origin, path, message);
                    None
                }
            }
        }
        Value::Map(_) | Value::List(_) | Value::Scalar(_) => {
            let message = format!("must be {}", shape_of(schema));
            report.error(&node.origin, path, message);
            None
        }
    }
}

/// The schema without its `null` alternative, for a value that is optional.
pub(crate) fn present(schema: &Json) -> &Json {
    let choices = schema.get("anyOf").and_then(Json::as_array);
    let real = |choice: &&Json| choice.get("type").and_then(Json::as_str) != Some("null");
    choices.and_then(|choices| choices.iter().find(real)).unwrap_or(schema)
}

/// Whether the schema takes this JSON type.
pub(crate) fn is(schema: &Json, kind: &str) -> bool {
    match schema.get("type") {
        Some(Json::String(only)) => only == kind,
        Some(Json::Array(several)) => several.iter().any(|one| one == kind),
        _ => false,
    }
}

/// The keys that a map of this schema has, if they are fixed.
pub(crate) fn keys(schema: &Json) -> Option<&Map<String, Json>> {
    schema.get("properties").and_then(Json::as_object)
}

/// The words that the schema allows, if it counts them up.
pub(crate) fn words(schema: &Json) -> Vec<&str> {
    let plain = schema.get("enum").and_then(Json::as_array).into_iter().flatten();
    let described = schema.get("oneOf").and_then(Json::as_array).into_iter().flatten();
    let nested = described.flat_map(|choice| {
        let several = choice.get("enum").and_then(Json::as_array).into_iter().flatten();
        choice.get("const").into_iter().chain(several)
    });
    plain.chain(nested).filter_map(Json::as_str).collect()
}

/// Whether values of this schema are secret.
pub(crate) fn is_secret(schema: &Json) -> bool {
    schema.get("writeOnly") == Some(&Json::Bool(true))
}

/// What stands in a list for an item that was wrong.
fn empty(schema: &Json) -> Json {
    if is(present(schema), "object") { Json::Object(Map::new()) } else { Json::String(String::new()) }
}

fn map(
    entries: &[(String, crate::tree::Origin, Node)],
    schema: &Json,
    path: &Path,
    report: &mut Report,
) -> Json {
    let mut map = Map::new();
    let fixed = keys(schema);
    for (key, origin, node) in entries {
        let below = path.key(key);
        let schema = match fixed {
            Some(keys) => keys.get(key),
            None => schema.get("additionalProperties"),
        };
        if let Some(schema) = schema {
            map.extend(convert(node, schema, &below, report).map(|value| (key.clone(), value)));
            continue;
        }
        let known = fixed.into_iter().flat_map(Map::keys).map(String::as_str);
        let hint = match closest(key, known.clone()) {
            Some(found) => format!("Did you mean `{found}`?"),
            None => format!("Known here: {}", known.collect::<Vec<_>>().join(", ")),
        };
        report.error(origin, &below, format!("is not a known key. {hint}"));
    }
    Json::Object(map)
}

fn scalar(scalar: &Scalar, schema: &Json, report: &mut Report) -> Result<Json, String> {
    let text = scalar.text.as_str();
    if is_secret(schema) {
        report.secret(text);
    }
    let shown = if scalar.expanded || is_secret(schema) {
        "the value of its `${...}`".to_owned()
    } else {
        format!("`{text}`")
    };
    let words = words(schema);
    if !words.is_empty() {
        if words.contains(&text) {
            return Ok(Json::from(text));
        }
        let hint = if scalar.expanded { String::new() } else { did_you_mean(text, words.iter().copied()) };
        return Err(format!("must be one of {}, not {shown}.{hint}", words.join(", ")));
    }
    if is(schema, "boolean") {
        return text
            .parse::<bool>()
            .map(Json::from)
            .map_err(|_| format!("must be true or false, not {shown}"));
    }
    if is(schema, "integer") && !is(schema, "string") {
        return text
            .replace('_', "")
            .parse::<u64>()
            .map(Json::from)
            .map_err(|_| format!("must be a whole number, not {shown}"));
    }
    Ok(Json::from(text))
}

fn shape_of(schema: &Json) -> &'static str {
    if is(schema, "object") {
        "a map of keys and values"
    } else if is(schema, "array") {
        "a list"
    } else {
        "a single value"
    }
}
