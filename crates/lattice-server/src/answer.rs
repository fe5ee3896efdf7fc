//! Answers that are JSON.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use lattice_wire::SegmentsBody;
use lattice_wire::write::{JsonWriter, Segments};

/// A JSON document with status 200.
pub(crate) fn json(document: Segments) -> Response {
    let mut response = Response::new(Body::new(SegmentsBody::from(document)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// That something is deleted.
pub(crate) fn deleted(object: &str, id: &str) -> Response {
    let mut writer = JsonWriter::new();
    writer.object(|writer| {
        writer.field_str("id", id);
        writer.field_str("object", object);
        writer.key("deleted").bool(true);
    });
    json(writer.finish())
}
