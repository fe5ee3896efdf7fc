//! Writing JSON without a tree and without copying what is large.

use bytes::{BufMut, Bytes, BytesMut};
use lattice_model::{Extra, Json, Text, Word};

/// From here on a value is passed on by reference instead of being copied into the document.
const BY_REFERENCE: usize = 4096;

/// A document in pieces: what was written, and large slices of other documents between.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Segments {
    pieces: Vec<Bytes>,
}

impl Segments {
    /// The pieces in order.
    pub fn into_pieces(self) -> Vec<Bytes> {
        self.pieces
    }

    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The document in one piece; for tests and small bodies.
    pub fn to_bytes(&self) -> Bytes {
        if let [only] = self.pieces.as_slice() {
            return only.clone();
        }
        let mut whole = BytesMut::with_capacity(self.len());
        for piece in &self.pieces {
            whole.extend_from_slice(piece);
        }
        whole.freeze()
    }
}

impl From<Bytes> for Segments {
    fn from(whole: Bytes) -> Self {
        Self { pieces: vec![whole] }
    }
}

/// Writes one JSON document. Commas are set by itself. [`Self::object`] and [`Self::array`] close what they open; the `begin` and `end`
/// pairs are for what stays open from one call to the next.
#[derive(Debug)]
pub struct JsonWriter {
    done: Vec<Bytes>,
    buffer: BytesMut,
    needs_comma: bool,
    /// Values of so many bytes or more go by reference.
    by_reference: usize,
}

impl JsonWriter {
    /// An empty document.
    pub fn new() -> Self {
        let buffer = BytesMut::with_capacity(1024);
        Self { done: Vec::new(), buffer, needs_comma: false, by_reference: BY_REFERENCE }
    }

    /// A document that is written to the end of `buffer`, everything copied: see [`Self::into_buffer`].
    pub fn with_buffer(buffer: BytesMut) -> Self {
        Self { done: Vec::new(), buffer, needs_comma: false, by_reference: usize::MAX }
    }

    /// The document.
    pub fn finish(mut self) -> Segments {
        if !self.buffer.is_empty() {
            self.done.push(self.buffer.freeze());
        }
        Segments { pieces: self.done }
    }

    /// The buffer of [`Self::with_buffer`], with the document at its end.
    pub fn into_buffer(self) -> BytesMut {
        self.buffer
    }

    /// How much stands in the buffer, in bytes: a place in the document where everything is copied into it.
    pub(crate) fn position(&self) -> usize {
        self.buffer.len()
    }

    fn value(&mut self) {
        if self.needs_comma {
            self.buffer.put_u8(b',');
        }
        self.needs_comma = true;
    }

    /// `{`
    pub fn begin_object(&mut self) {
        self.value();
        self.buffer.put_u8(b'{');
        self.needs_comma = false;
    }

    /// `}`
    pub fn end_object(&mut self) {
        self.buffer.put_u8(b'}');
        self.needs_comma = true;
    }

    /// `[`
    pub fn begin_array(&mut self) {
        self.value();
        self.buffer.put_u8(b'[');
        self.needs_comma = false;
    }

    /// `]`
    pub fn end_array(&mut self) {
        self.buffer.put_u8(b']');
        self.needs_comma = true;
    }

    /// An object of the fields that are written within.
    pub fn object<R>(&mut self, fields: impl FnOnce(&mut Self) -> R) -> R {
        self.begin_object();
        let result = fields(self);
        self.end_object();
        result
    }

    /// A list of the values that are written within.
    pub fn array<R>(&mut self, values: impl FnOnce(&mut Self) -> R) -> R {
        self.begin_array();
        let result = values(self);
        self.end_array();
        result
    }

    /// A key that needs no escapes; its value must follow.
    pub fn key(&mut self, key: &str) -> &mut Self {
        self.value();
        self.buffer.put_u8(b'"');
        self.buffer.put_slice(key.as_bytes());
        self.buffer.put_slice(b"\":");
        self.needs_comma = false;
        self
    }

    /// A key of any text.
    pub(crate) fn any_key(&mut self, key: &str) -> &mut Self {
        if key.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
            self.text(&Text::new(key));
            self.buffer.put_u8(b':');
            self.needs_comma = false;
            return self;
        }
        self.key(key)
    }

    /// A string of plain text.
    pub fn str(&mut self, plain: &str) {
        if plain.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
            return self.text(&Text::new(plain));
        }
        self.value();
        self.buffer.put_u8(b'"');
        self.buffer.put_slice(plain.as_bytes());
        self.buffer.put_u8(b'"');
    }

    /// A string that is escaped already; a large one by reference.
    pub fn text(&mut self, text: &Text) {
        self.raw(text.literal());
    }

    /// Any value that is JSON already; a large one by reference.
    pub fn json(&mut self, json: &Json) {
        self.raw(json.raw());
    }

    /// Bytes that are one JSON value; large ones by reference.
    pub fn raw(&mut self, raw: &Bytes) {
        self.value();
        if raw.len() < self.by_reference {
            self.buffer.put_slice(raw);
        } else {
            self.done.push(self.buffer.split().freeze());
            self.done.push(raw.clone());
        }
    }

    /// A string whose content is escaped already and stands without quotes; a large one by reference.
    pub fn quoted(&mut self, escaped: &Bytes) {
        self.value();
        self.buffer.put_u8(b'"');
        if escaped.len() < self.by_reference {
            self.buffer.put_slice(escaped);
        } else {
            self.done.push(self.buffer.split().freeze());
            self.done.push(escaped.clone());
        }
        self.buffer.put_u8(b'"');
    }

    /// A whole number.
    pub fn u64(&mut self, number: u64) {
        self.value();
        let mut digits = [0_u8; 20];
        let mut rest = number;
        let mut count = 0_usize;
        for slot in digits.iter_mut().rev() {
            *slot = b'0'.saturating_add(u8::try_from(rest % 10).unwrap_or_default());
            rest /= 10;
            count = count.saturating_add(1);
            if rest == 0 {
                break;
            }
        }
        self.buffer.put_slice(digits.get(digits.len().saturating_sub(count)..).unwrap_or_default());
    }

    /// A whole number with a sign.
    pub fn i64(&mut self, number: i64) {
        self.value();
        self.buffer.put_slice(number.to_string().as_bytes());
    }

    /// A number; what JSON cannot express is `null`. Whole numbers are written without a fraction.
    pub fn f64(&mut self, number: f64) {
        if number.fract() == 0.0 && number.abs() < 1e15 {
            #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
            return self.i64(number as i64);
        }
        self.value();
        match serde_json::to_vec(&number) {
            Ok(written) => self.buffer.put_slice(&written),
            Err(_) => self.buffer.put_slice(b"null"),
        }
    }

    /// `true` or `false`.
    pub fn bool(&mut self, flag: bool) {
        self.value();
        self.buffer.put_slice(if flag { b"true" } else { b"false" });
    }

    /// `null`
    pub fn null(&mut self) {
        self.value();
        self.buffer.put_slice(b"null");
    }

    /// A key and its string.
    pub fn field_str(&mut self, key: &str, plain: &str) {
        self.key(key).str(plain);
    }

    /// A key and its escaped string.
    pub fn field_text(&mut self, key: &str, text: &Text) {
        self.key(key).text(text);
    }

    /// A key and its string, or nothing.
    pub fn optional_text(&mut self, key: &str, text: Option<&Text>) {
        if let Some(text) = text {
            self.field_text(key, text);
        }
    }

    /// A key and its string or `null`.
    pub fn text_or_null(&mut self, key: &str, text: Option<&Text>) {
        self.key(key);
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    /// A key and its number, or nothing.
    pub fn optional_f64(&mut self, key: &str, number: Option<f64>) {
        if let Some(number) = number {
            self.key(key).f64(number);
        }
    }

    /// A field with a setting of one word, if it is set.
    pub fn optional_word<W: Word>(&mut self, key: &str, word: Option<W>) {
        if let Some(word) = word {
            self.field_str(key, word.name());
        }
    }

    /// A key and its number, or nothing.
    pub fn optional_u64(&mut self, key: &str, number: Option<u64>) {
        if let Some(number) = number {
            self.key(key).u64(number);
        }
    }

    /// Fields that are carried without being read.
    pub fn extra(&mut self, fields: &Extra) {
        for (key, json) in fields {
            self.any_key(key).json(json);
        }
    }
}

impl Default for JsonWriter {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_stand_where_they_belong() {
        let mut writer = JsonWriter::new();
        writer.begin_object();
        writer.field_str("a", "x\"y");
        writer.key("b").begin_array();
        writer.u64(0);
        writer.u64(120);
        writer.i64(-3);
        writer.f64(0.5);
        writer.f64(2.0);
        writer.begin_object();
        writer.end_object();
        writer.bool(true);
        writer.null();
        writer.end_array();
        writer.extra(&vec![("we\"ird".into(), Json::from_value(&serde_json::json!({"k": 1})))]);
        writer.end_object();
        let whole = writer.finish().to_bytes();
        assert_eq!(whole.as_ref(), br#"{"a":"x\"y","b":[0,120,-3,0.5,2,{},true,null],"we\"ird":{"k":1}}"#);
    }

    #[test]
    fn large_values_are_passed_on_by_reference() {
        let large = Text::new(&"x".repeat(BY_REFERENCE));
        let mut writer = JsonWriter::new();
        writer.begin_array();
        writer.text(&large);
        writer.u64(1);
        writer.end_array();
        let segments = writer.finish();
        assert_eq!(segments.len(), BY_REFERENCE + 6);
        let pieces = segments.into_pieces();
        assert_eq!(pieces.get(1).map(|piece| piece.as_ptr()), Some(large.literal().as_ptr()));
    }
}
