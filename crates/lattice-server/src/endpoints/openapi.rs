//! `GET /openapi.json`: the API, described.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;
use serde_json::Value;

/// The document: this server's paths over the schemas of the Open Responses standard, version 2026-04-24.
pub fn document() -> &'static str {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
        let read = |text| serde_json::from_str::<Value>(text).unwrap_or_default();
        let mut document = read(include_str!("../../openapi/gateway.json"));
        let administration = read(include_str!("../../openapi/administration.json"));
        for place in ["/paths", "/components/schemas", "/components/securitySchemes"] {
            let more = administration.pointer(place).and_then(Value::as_object).cloned();
            if let Some(own) = document.pointer_mut(place).and_then(Value::as_object_mut) {
                own.extend(more.unwrap_or_default());
            }
        }
        if let Some(tags) = document.pointer_mut("/tags").and_then(Value::as_array_mut) {
            let more = administration.pointer("/tags").and_then(Value::as_array).cloned();
            tags.extend(more.unwrap_or_default());
        }
        let standard = read(include_str!("../../openapi/open-responses-2026-04-24.json"));
        if let Some(version) = document.pointer_mut("/info").and_then(Value::as_object_mut) {
            version.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
        }
        let schemas = standard.pointer("/components/schemas").and_then(Value::as_object);
        if let Some(own) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
            own.extend(schemas.cloned().unwrap_or_default());
        }
        document.to_string()
    });
    &DOCUMENT
}

pub(super) async fn handle() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    #[test]
    fn every_reference_leads_somewhere() {
        let document: Value = serde_json::from_str(super::document()).unwrap();
        assert!(document.pointer("/paths/~1v1~1responses/post").is_some());
        let mut references = Vec::new();
        collect(&document, &mut references);
        assert!(references.len() > 100);
        for reference in references {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
    }

    fn collect(value: &Value, references: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                if let Some(Value::String(reference)) = object.get("$ref") {
                    references.push(reference.clone());
                }
                object.values().for_each(|value| collect(value, references));
            }
            Value::Array(list) => list.iter().for_each(|value| collect(value, references)),
            _ => {}
        }
    }
}
