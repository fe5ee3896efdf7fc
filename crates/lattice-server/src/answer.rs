//! Answers that are JSON.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use lattice_model::Item;
use lattice_wire::SegmentsBody;
use lattice_wire::responses::write::{self, Form};
use lattice_wire::write::{JsonWriter, Segments};

/// A JSON document with status 200.
pub(crate) fn json(document: Segments) -> Response {
    let mut response = Response::new(Body::new(SegmentsBody::from(document)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An item.
pub(crate) fn item(item: &Item) -> Response {
    let mut writer = JsonWriter::new();
    write::item(&mut writer, item, Form::Response);
    json(writer.finish())
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
