//! Items as they are kept: in the form in which clients get them, so that what is listed later needs no translation.

use bytes::{Bytes, BytesMut};
use lattice_model::{Item, Text};

use super::read;
use super::request as wire;
use super::write::{self, Form};
use crate::Document;
use crate::leaf::Str;
use crate::object::{ParseError, parse};
use crate::write::{JsonWriter, Segments};

/// Writes items as a list; what is large goes by reference.
pub fn write_items<'a>(items: impl IntoIterator<Item = &'a Item>) -> Segments {
    let mut writer = JsonWriter::new();
    writer.array(|writer| {
        for item in items {
            write::item(writer, item, Form::Response);
        }
    });
    writer.finish()
}

/// Writes one item.
pub fn write_item(item: &Item) -> Bytes {
    let mut writer = JsonWriter::with_buffer(BytesMut::with_capacity(256));
    write::item(&mut writer, item, Form::Response);
    writer.into_buffer().freeze()
}

/// Reads one item.
///
/// # Errors
/// Where it is none.
pub fn read_item(item: Bytes) -> Result<Item, ParseError> {
    let document = Document::from(item);
    let item: wire::Item<'_> = parse(&document)?;
    Ok(read::item(&item, &document))
}

/// Reads a list of items.
///
/// # Errors
/// Where it is none: what was stored is damaged.
pub fn read_items(list: Bytes) -> Result<Vec<Item>, ParseError> {
    let document = Document::from(list);
    let items: Vec<wire::Item<'_>> = parse(&document)?;
    Ok(items.iter().map(|item| read::item(item, &document)).collect())
}

/// Writes what belongs to items and only a provider can read: the item's id, and the text. Nothing becomes nothing.
pub fn write_state(state: &[(String, Text)]) -> Bytes {
    if state.is_empty() {
        return Bytes::new();
    }
    let mut writer = JsonWriter::with_buffer(BytesMut::with_capacity(1024));
    writer.array(|writer| {
        for (id, text) in state {
            writer.array(|writer| {
                writer.str(id);
                writer.text(text);
            });
        }
    });
    writer.into_buffer().freeze()
}

/// Reads what [`write_state`] wrote.
///
/// # Errors
/// Where it did not write it.
pub fn read_state(list: Bytes) -> Result<Vec<(String, Text)>, ParseError> {
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let document = Document::from(list);
    let pairs: Vec<(Str<'_>, Str<'_>)> = parse(&document)?;
    Ok(pairs.iter().map(|(id, text)| (id.plain(), text.to_text(&document))).collect())
}

/// Gives reasoning items back what was kept apart from them.
pub fn restore_state(items: &mut [Item], state: Vec<(String, Text)>) {
    for (id, text) in state {
        let item = items.iter_mut().find(|item| item.id() == Some(&id));
        if let Some(Item::Reasoning(reasoning)) = item {
            reasoning.encrypted = Some(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_written_again_as_it_was() {
        let list = r#"[{"type":"message","id":"msg_1","status":"completed","role":"user","content":[{"type":"input_text","text":"H\u00e9 \"x\"\n"},{"type":"input_image","image_url":"data:image/png;base64,AAAA","detail":"low"},{"type":"input_file","filename":"a.pdf","file_data":"JVBERi0="}]},{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"status":"completed"},{"type":"function_call","id":"fc_1","status":"completed","call_id":"call_1","name":"f","arguments":"{\"a\":1}","latticelm:signature":"s"},{"type":"function_call_output","id":"fco_1","status":"completed","call_id":"call_1","output":"ok"},{"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search"}}]"#;
        let mut items = read_items(list.into()).unwrap();
        assert_eq!(items.len(), 5);
        assert_eq!(write_items(&items).to_bytes(), list);
        let state = vec![("rs_1".to_owned(), Text::new("lm1.x.\"y\"")), ("rs_9".to_owned(), Text::new("z"))];
        let kept = read_state(write_state(&state)).unwrap();
        assert_eq!(kept, state);
        restore_state(&mut items, kept);
        assert!(
            matches!(&items[1], Item::Reasoning(reasoning) if reasoning.encrypted.as_ref() == Some(&state[0].1))
        );
        assert!(read_state(Bytes::new()).unwrap().is_empty() && write_state(&[]).is_empty());
        assert!(read_items(Bytes::from_static(b"[{")).is_err());
    }
}
