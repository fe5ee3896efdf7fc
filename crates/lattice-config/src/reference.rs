//! The reference of all keys, written from the schema: the comments in the code are the manual.

use std::fmt::Write;

use lattice_providers::{KINDS, PRESETS};
use serde_json::Value;

use crate::file::schema;
use crate::shape::{is, is_secret, keys, present, words};

/// All keys as Markdown, a table per section. It stands in `docs/configuration.md`.
pub fn reference() -> String {
    let schema = schema();
    let mut text = String::new();
    for (name, section) in keys(&schema).into_iter().flatten() {
        // Writing to a string cannot fail.
        let _ = write!(text, "### `{name}`\n\n{}\n\n", description(section));
        let (at, entry) = entries(name, present(section));
        text.push_str("| key | value | |\n| --- | --- | --- |\n");
        rows(&at, entry, &mut text);
        text.push('\n');
    }
    types(&mut text);
    text.trim_end().to_owned() + "\n"
}

/// What each `type` of provider has.
fn types(text: &mut String) {
    text.push_str(
        "### Types of providers\n\nThe preferred ones first, where the names of models lead to several.\n\n",
    );
    text.push_str("| `type` | settings of its own | variables that stand for it | names of its models |\n| --- | --- | --- | --- |\n");
    let list = |names: &mut dyn Iterator<Item = String>| names.collect::<Vec<_>>().join(", ");
    let code = |name: &str| format!("`{name}`");
    for kind in KINDS {
        let settings = list(&mut kind.settings.iter().map(|row| code(row.name)));
        let variables = list(&mut kind.environment.iter().map(|variable| {
            let names: Vec<_> = variable.names.iter().map(|name| code(name)).collect();
            names.join(" or ") + if variable.is_needed { "" } else { " (optional)" }
        }));
        let prefixes = list(&mut kind.prefixes.iter().map(|prefix| format!("`{prefix}…`")));
        let _ = writeln!(text, "| `{}` | {settings} | {variables} | {prefixes} |", kind.name);
    }
    let presets = list(&mut PRESETS.iter().map(|preset| format!("`{}` ({})", preset.name, preset.endpoint)));
    let _ = write!(text, "\nPresets, each a `type` too: {presets}.\n");
}

/// What a map or a list holds, and how it is named in a path.
fn entries<'a>(path: &str, schema: &'a Value) -> (String, &'a Value) {
    let items = schema.get("items").map(|items| (format!("{path}[]"), present(items)));
    let named = schema.get("additionalProperties").filter(|below| below.is_object());
    let named = named.map(|below| (format!("{path}.NAME"), present(below)));
    items.or(named).unwrap_or_else(|| (path.to_owned(), schema))
}

fn rows(path: &str, schema: &Value, text: &mut String) {
    for (key, below) in keys(schema).into_iter().flatten() {
        let path = format!("{path}.{key}");
        let inner = present(below);
        if keys(inner).is_some() {
            rows(&path, inner, text);
        } else {
            let (path, entry) = if is(inner, "object") { entries(&path, inner) } else { (path, inner) };
            let _ = writeln!(text, "| `{path}` | {} | {} |", kind(entry), description(below));
        }
    }
}

fn kind(schema: &Value) -> String {
    let words = words(schema);
    if !words.is_empty() {
        return words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    }
    if is(schema, "array") {
        return format!("list of {}", kind(present(schema.get("items").unwrap_or(&Value::Null))));
    }
    match schema.get("format").and_then(Value::as_str) {
        Some("duration") => "duration",
        Some("size") => "size",
        _ if is_secret(schema) => "secret",
        _ if is(schema, "boolean") => "`true`, `false`",
        _ if is(schema, "integer") => "number",
        _ => "text",
    }
    .to_owned()
}

fn description(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.replace('\n', " ").replace('|', "\\|")
}
