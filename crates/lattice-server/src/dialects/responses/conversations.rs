//! Conversations: their bodies read, and their objects written.

use std::collections::HashMap;

use bytes::Bytes;
use lattice_gateway::Conversation;
use lattice_model::{Item, Json, Path};
use lattice_wire::responses::request::Conversation as Body;
use lattice_wire::write::{JsonWriter, Segments};
use lattice_wire::{Document, Raw};

use super::check::{self, Invalid};
use super::from_wire::expires_after;
use super::from_wire_items::items;

/// What a body may hold.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Items to begin with, or to add.
    pub(crate) items: Option<Vec<Item>>,
    /// The client's notes; an empty object where they are to be cleared.
    pub(crate) metadata: Option<Json>,
    /// How long it is kept after its last change, in seconds; 0 for ever.
    pub(crate) expires_after: Option<u64>,
}

/// Reads the body of a request about a conversation, which may hold these fields. No body is an empty one.
pub(crate) fn read(body: &Document, fields: &[&str]) -> Result<Asked, Invalid> {
    if body.is_empty() {
        return Ok(Asked { items: None, metadata: None, expires_after: None });
    }
    let body_read: Body<'_> = lattice_wire::parse(body).map_err(|error| {
        let param = (!error.path.is_empty()).then_some(error.path);
        let message = format!("the body is not a valid request: {}", error.message);
        Invalid { param, code: "invalid_type", message }
    })?;
    let given = [
        ("items", body_read.items.is_some()),
        ("metadata", body_read.metadata.is_some()),
        ("expires_after", body_read.expires_after.is_some()),
    ];
    let unknown = body_read.extra.first().map(|(name, _)| name.as_ref());
    let misplaced =
        given.iter().find(|(name, is_given)| *is_given && !fields.contains(name)).map(|(name, _)| *name);
    if let Some(name) = unknown.or(misplaced) {
        let message = format!("`{}` is not known here; take it out", check::shown(name));
        return Err(Invalid::unsupported(check::shown(name), message));
    }
    if let Some(metadata) = body_read.metadata {
        check::metadata(metadata)?;
    }
    let list = Path::Field("items");
    let read = body_read.items.as_deref().map(|all| items(all, |at| list.index(at), body)).transpose()?;
    let is_reference = |item: &Item| matches!(item, Item::Other(other) if other.kind == "item_reference");
    if let Some(at) = read.iter().flatten().position(is_reference) {
        let message = "a conversation holds items, not references to them; send the item itself";
        return Err(Invalid::value(list.index(at), message));
    }
    Ok(Asked {
        items: read,
        metadata: match body_read.metadata {
            Some(metadata) => Some(metadata.to_json(body)),
            None => is_null(body, "metadata").then(|| Json::from_raw(Bytes::from_static(b"{}"))),
        },
        expires_after: expires_after(body_read.expires_after.as_ref())?,
    })
}

/// Whether the field is there and is null, which elsewhere counts as not there.
fn is_null(body: &Document, field: &str) -> bool {
    let fields: Result<HashMap<String, Raw<'_>>, _> = lattice_wire::parse(body);
    fields.is_ok_and(|fields| fields.get(field).is_some_and(|raw| raw.is_null()))
}

/// A conversation as clients get it.
pub(crate) fn object(conversation: &Conversation) -> Segments {
    let mut writer = JsonWriter::new();
    writer.object(|writer| {
        writer.field_str("id", &conversation.id);
        writer.field_str("object", "conversation");
        writer.key("created_at").i64(conversation.created_at);
        writer.key("metadata").raw(&conversation.metadata);
    });
    writer.finish()
}
