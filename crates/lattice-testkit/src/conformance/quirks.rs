//! What of the standard's description is not checked as it is written, and why. One place, so that the list can only grow
//! on purpose.

use serde_json::{Value, json};

/// One change: where in `components.schemas`, what stands there instead, and the reason.
struct Quirk {
    /// JSON pointer below `/components/schemas`.
    at: &'static str,
    /// The schema that is checked instead.
    instead: fn() -> Value,
    /// Why; shown by nothing, read by people.
    _because: &'static str,
}

const QUIRKS: &[Quirk] = &[
    Quirk {
        at: "/JsonSchemaResponseFormat/properties/schema",
        instead: || json!({"anyOf": [{"type": "object"}, {"type": "null"}]}),
        _because: "the description types the echoed schema as null alone, while requests send an object that has to be echoed",
    },
    Quirk {
        at: "/ReasoningItemParam/properties/content",
        instead: || json!({"anyOf": [{"type": "array", "items": {"type": "object"}}, {"type": "null"}]}),
        _because: "the description takes null alone, while every client sends reasoning items back as they came",
    },
];

/// `openapi` with the quirks replaced.
pub(super) fn patched(mut openapi: Value) -> Value {
    for quirk in QUIRKS {
        let pointer = format!("/components/schemas{}", quirk.at);
        if let Some(schema) = openapi.pointer_mut(&pointer) {
            *schema = (quirk.instead)();
        }
    }
    openapi
}

#[cfg(test)]
mod tests {
    use super::QUIRKS;

    #[test]
    fn every_quirk_is_about_a_schema_that_exists() {
        let openapi: serde_json::Value = serde_json::from_str(crate::conformance::OPENAPI).unwrap();
        for quirk in QUIRKS {
            assert!(openapi.pointer(&format!("/components/schemas{}", quirk.at)).is_some(), "{}", quirk.at);
        }
    }
}
