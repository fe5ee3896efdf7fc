//! A validator for the part of JSON Schema that the standard's description uses: types, enums, properties, items, unions,
//! references, lengths and ranges. `default`, `example`, `format` and `discriminator` say nothing about validity. An unknown
//! keyword is not passed over by chance: the test below lists every keyword of the description.

use serde_json::{Map, Value};

/// Checks values against schemas of one `OpenAPI` document.
pub(super) struct Validator<'a> {
    document: &'a Value,
}

impl<'a> Validator<'a> {
    pub(super) fn new(document: &'a Value) -> Self {
        Self { document }
    }

    /// Every violation, each with the path of the value.
    pub(super) fn check(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut found = Vec::new();
        self.walk(schema, value, "", &mut found);
        found
    }

    fn walk(&self, schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
        let Some(schema) = schema.as_object() else { return };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            match self.document.pointer(reference.trim_start_matches('#')) {
                Some(target) => self.walk(target, value, path, found),
                None => found.push(format!("{path}: the schema refers to {reference}, which does not exist")),
            }
        }
        for all in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.walk(all, value, path, found);
        }
        // The alternatives of `oneOf` overlap in the description (a text is both an input and an output text to some of its
        // unions), so that at least one has to match, as the standard's own clients read it.
        for union in ["anyOf", "oneOf"] {
            if let Some(schemas) = schema.get(union).and_then(Value::as_array) {
                self.union(schemas, value, path, found);
            }
        }
        let expected = schema.get("type").and_then(Value::as_str);
        if expected.is_some_and(|kind| !is_kind(kind, value)) {
            found.push(format!(
                "{path}: is {} and should be of type {}",
                short(value),
                expected.unwrap_or_default()
            ));
            return;
        }
        if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
            && !allowed.contains(value)
        {
            found.push(format!(
                "{path}: {} is not one of {}",
                short(value),
                short(&Value::Array(allowed.clone()))
            ));
        }
        self.sizes(schema, value, path, found);
        self.children(schema, value, path, found);
    }

    /// Says what is wrong with the alternative that comes closest: the one whose `type` is the value's, or the one with the
    /// fewest violations.
    fn union(&self, schemas: &[Value], value: &Value, path: &str, found: &mut Vec<String>) {
        let mut closest: Option<Vec<String>> = None;
        for schema in schemas {
            let mut wrong = Vec::new();
            self.walk(schema, value, path, &mut wrong);
            if wrong.is_empty() {
                return;
            }
            let distance = |wrong: &[String]| {
                (wrong.iter().any(|line| line.starts_with(&format!("{path}/type:"))), wrong.len())
            };
            if closest.as_ref().is_none_or(|best| distance(&wrong) < distance(best)) {
                closest = Some(wrong);
            }
        }
        found.extend(closest.unwrap_or_default());
    }

    fn children(&self, schema: &Map<String, Value>, value: &Value, path: &str, found: &mut Vec<String>) {
        if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
            for (index, value) in values.iter().enumerate() {
                self.walk(items, value, &format!("{path}/{index}"), found);
            }
        }
        let Some(object) = value.as_object() else { return };
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            if name.as_str().is_some_and(|name| !object.contains_key(name)) {
                found.push(format!("{path}: lacks {name}"));
            }
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        let additional = schema.get("additionalProperties");
        for (name, value) in object {
            let path = format!("{path}/{name}");
            match (properties.and_then(|properties| properties.get(name)), additional) {
                (Some(schema), _) | (None, Some(schema @ Value::Object(_))) => {
                    self.walk(schema, value, &path, found);
                }
                (None, Some(Value::Bool(false))) => {
                    found.push(format!("{path}: is not a field of this object"));
                }
                _ => {}
            }
        }
    }

    #[expect(clippy::unused_self, reason = "one of the steps of `walk`, and called like them")]
    fn sizes(&self, schema: &Map<String, Value>, value: &Value, path: &str, found: &mut Vec<String>) {
        let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
        let size = match value {
            Value::String(text) => Some((text.chars().count(), "minLength", "maxLength")),
            Value::Array(values) => Some((values.len(), "minItems", "maxItems")),
            Value::Object(fields) => Some((fields.len(), "minProperties", "maxProperties")),
            _ => None,
        };
        let range = match size {
            Some((size, low, high)) => u32::try_from(size).ok().map(|size| (f64::from(size), low, high)),
            None => value.as_f64().map(|number| (number, "minimum", "maximum")),
        };
        if let Some((size, low, high)) = range {
            if limit(low).is_some_and(|limit| size < limit) {
                found.push(format!("{path}: {size} is below {low}"));
            }
            if limit(high).is_some_and(|limit| size > limit) {
                found.push(format!("{path}: {size} is above {high}"));
            }
        }
        let (Some(pattern), Some(text)) = (schema.get("pattern").and_then(Value::as_str), value.as_str())
        else {
            return;
        };
        // The only pattern in the description; the test below fails if another one comes.
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
        if pattern == NAME && (text.is_empty() || !text.chars().all(plain)) {
            found.push(format!("{path}: {text:?} does not match {pattern}"));
        }
    }
}

/// The pattern of a function's name.
const NAME: &str = "^[a-zA-Z0-9_-]+$";

fn is_kind(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        _ => false,
    }
}

fn short(value: &Value) -> String {
    let mut text = value.to_string();
    if text.len() > 120 {
        text = text.chars().take(100).collect::<String>() + "...";
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use std::collections::BTreeSet;

    #[test]
    fn the_validator_knows_every_keyword_of_the_description() {
        let known = [
            "$ref",
            "additionalProperties",
            "allOf",
            "anyOf",
            "default",
            "description",
            "discriminator",
            "enum",
            "example",
            "items",
            "maxItems",
            "maxLength",
            "maxProperties",
            "maximum",
            "minItems",
            "minLength",
            "minimum",
            "oneOf",
            "pattern",
            "properties",
            "required",
            "title",
            "type",
        ];
        let openapi: Value = serde_json::from_str(crate::conformance::OPENAPI).unwrap();
        let mut unknown = BTreeSet::new();
        for schema in openapi["components"]["schemas"].as_object().unwrap().values() {
            visit(schema, &mut |keyword, value| {
                if !known.contains(&keyword) && !keyword.starts_with("x-") {
                    unknown.insert(keyword.to_owned());
                }
                assert!(keyword != "pattern" || value == super::NAME, "a new pattern: {value}");
            });
        }
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    fn visit(schema: &Value, each: &mut impl FnMut(&str, &Value)) {
        for (keyword, value) in schema.as_object().into_iter().flatten() {
            each(keyword, value);
            match keyword.as_str() {
                "properties" => {
                    value.as_object().into_iter().flatten().for_each(|(_, schema)| visit(schema, each));
                }
                "anyOf" | "oneOf" | "allOf" => {
                    value.as_array().into_iter().flatten().for_each(|schema| visit(schema, each));
                }
                "items" | "additionalProperties" => visit(value, each),
                _ => {}
            }
        }
    }
}
