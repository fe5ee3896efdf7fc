//! A value that fits a JSON Schema: the plainest one, always the same.

use serde_json::{Map, Value, json};

/// Deeper than this nothing is made: a schema may refer to itself.
const DEPTH: usize = 16;

/// A value that fits `schema`.
pub(super) fn of_schema(schema: &Value) -> Value {
    value(schema, schema, 0)
}

fn value(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth > DEPTH {
        return Value::Null;
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(target.trim_start_matches('#')).unwrap_or(&Value::Null);
        return value(target, root, depth + 1);
    }
    for fixed in ["const", "default"] {
        if let Some(fixed) = schema.get(fixed) {
            return fixed.clone();
        }
    }
    if let Some(first) = schema.pointer("/enum/0").or_else(|| schema.pointer("/examples/0")) {
        return first.clone();
    }
    if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
        return all_of(schema, all, root, depth);
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(branches) = schema.get(choice).and_then(Value::as_array) {
            // The shallow way out of a schema that refers to itself.
            let branch = if depth > 4 { branches.last() } else { branches.first() };
            return branch.map_or(Value::Null, |branch| value(branch, root, depth + 1));
        }
    }
    by_type(schema, root, depth)
}

/// The properties of all of them together.
fn all_of(schema: &Value, all: &[Value], root: &Value, depth: usize) -> Value {
    let mut merged = Map::new();
    for part in all.iter().chain(std::iter::once(&without(schema, "allOf"))) {
        match value(part, root, depth + 1) {
            Value::Object(object) => merged.extend(object),
            Value::Null => {}
            other => return other,
        }
    }
    Value::Object(merged)
}

fn without(schema: &Value, key: &str) -> Value {
    let mut rest = schema.as_object().cloned().unwrap_or_default();
    rest.remove(key);
    Value::Object(rest)
}

fn by_type(schema: &Value, root: &Value, depth: usize) -> Value {
    let kind = match schema.get("type") {
        Some(Value::String(kind)) => kind.as_str(),
        Some(Value::Array(kinds)) => kinds.iter().find_map(Value::as_str).unwrap_or("null"),
        _ if schema.get("properties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ => "string",
    };
    match kind {
        "object" => object(schema, root, depth),
        "array" => array(schema, root, depth),
        "integer" => json!(integer(schema)),
        "number" => json!(number(schema)),
        "boolean" => json!(true),
        "null" => Value::Null,
        _ => json!(string(schema)),
    }
}

/// All properties while it is shallow, the required ones always.
fn object(schema: &Value, root: &Value, depth: usize) -> Value {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut made = Map::new();
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if depth < 4 || required.contains(&name.as_str()) {
            made.insert(name.clone(), value(property, root, depth + 1));
        }
    }
    for name in required {
        made.entry(name).or_insert_with(|| json!("demo"));
    }
    Value::Object(made)
}

fn array(schema: &Value, root: &Value, depth: usize) -> Value {
    let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or_default();
    let usual = u64::from(depth < 4);
    let most = schema.get("maxItems").and_then(Value::as_u64).unwrap_or(u64::MAX);
    let count = least.max(usual).min(most).min(64);
    let item = schema.get("items").map_or_else(|| json!("demo"), |items| value(items, root, depth + 1));
    Value::Array((0..count).map(|_| item.clone()).collect())
}

fn integer(schema: &Value) -> i64 {
    let bound = |key: &str| schema.get(key).and_then(Value::as_i64);
    let least = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|bound| bound.saturating_add(1)));
    let most = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|bound| bound.saturating_sub(1)));
    let step = bound("multipleOf").filter(|step| *step > 0).unwrap_or(1);
    let wanted = 1_i64.max(least.unwrap_or(i64::MIN)).min(most.unwrap_or(i64::MAX));
    let multiple = wanted.div_euclid(step).saturating_mul(step);
    if least.is_some_and(|least| multiple < least) || (least.is_none() && multiple < wanted) {
        multiple.saturating_add(step)
    } else {
        multiple
    }
}

fn number(schema: &Value) -> f64 {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let least = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|bound| bound + 0.5));
    let most = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|bound| bound - 0.5));
    1.0_f64.max(least.unwrap_or(f64::MIN)).min(most.unwrap_or(f64::MAX))
}

fn string(schema: &Value) -> String {
    let made = match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("date") => "2026-01-01",
        Some("time") => "00:00:00Z",
        Some("duration") => "P1D",
        Some("email") => "demo@example.com",
        Some("uri" | "url") => "https://example.com",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        Some("ipv4") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        Some("hostname") => "example.com",
        _ => "demo",
    };
    let length =
        |key: &str| schema.get(key).and_then(Value::as_u64).and_then(|length| usize::try_from(length).ok());
    let least = length("minLength").unwrap_or_default().min(10_000);
    let mut made: String = made.to_owned();
    while made.len() < least {
        made.push('x');
    }
    made.chars().take(length("maxLength").unwrap_or(usize::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_their_schemas() {
        let schema = json!({"type": "object", "required": ["name", "size", "tags", "next"], "properties": {
            "name": {"type": "string", "minLength": 6}, "size": {"type": "integer", "minimum": 10, "multipleOf": 4},
            "kind": {"enum": ["a", "b"]}, "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}, "minItems": 2},
            "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}, "$defs": {"tag": {"const": "t"}}});
        let made = of_schema(&schema);
        assert_eq!(made["name"], "demoxx");
        assert_eq!(made["size"], 12);
        assert_eq!(made["kind"], "a");
        assert_eq!(made["tags"], json!(["t", "t"]));
        assert!(made["next"].is_object());
        assert_eq!(of_schema(&json!({"type": ["integer", "null"], "maximum": -3})), -3);
    }
}
