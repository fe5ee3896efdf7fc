//! Text in the escaped form in which it travels: a JSON string literal, quotes included.

use std::borrow::Cow;
use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

/// A JSON string literal, with its quotes and escapes, usually a slice of the body it arrived in.
///
/// Cloning is cheap (a reference count). Two literals of one text may differ in their escapes, so compare
/// [`Text::decode`]d values where that matters.
#[derive(Clone)]
pub struct Text(Bytes);

impl Text {
    /// Takes a literal as it stands in a JSON document. The caller vouches that a JSON parser has accepted it.
    ///
    /// # Errors
    /// Gives the bytes back when they are not a quoted literal or hold an unpaired surrogate escape, which no
    /// UTF-8 text can express.
    pub fn from_literal(literal: Bytes) -> Result<Self, Bytes> {
        let quoted = literal.len() >= 2 && literal.first() == Some(&b'"') && literal.last() == Some(&b'"');
        // Only `\u` escapes can be unpaired; without one the parser has checked everything already.
        let suspicious = memchr::memmem::find(&literal, b"\\u").is_some();
        if quoted && (!suspicious || serde_json::from_slice::<Cow<'_, str>>(&literal).is_ok()) {
            Ok(Self(literal))
        } else {
            Err(literal)
        }
    }

    /// Escapes plain text.
    pub fn new(plain: &str) -> Self {
        let mut literal = TextBuilder::with_capacity(plain.len());
        literal.push_plain(plain);
        literal.finish()
    }

    /// The empty text.
    pub const fn empty() -> Self {
        Self(Bytes::from_static(b"\"\""))
    }

    /// The literal, quotes included: write it wherever a JSON string is wanted.
    pub fn literal(&self) -> &Bytes {
        &self.0
    }

    /// The escaped content between the quotes.
    pub fn escaped(&self) -> &[u8] {
        self.0.get(1..self.0.len().saturating_sub(1)).unwrap_or_default()
    }

    /// The plain text; borrowed when nothing was escaped.
    pub fn decode(&self) -> Cow<'_, str> {
        let inner = self.escaped();
        if memchr::memchr(b'\\', inner).is_none() {
            return String::from_utf8_lossy(inner);
        }
        serde_json::from_slice::<String>(&self.0).map_or_else(|_| String::from_utf8_lossy(inner), Cow::Owned)
    }

    /// What follows `start`; `None` if the text does not start so, letter by letter and escape by escape.
    pub fn after(&self, start: &TextBuilder) -> Option<Self> {
        if start.is_empty() {
            return Some(self.clone());
        }
        let rest = self.escaped().strip_prefix(start.literal.get(1..)?)?;
        Self::from_literal([b"\"", rest, b"\""].concat().into()).ok()
    }

    /// Whether there is no content.
    pub fn is_empty(&self) -> bool {
        self.0.len() <= 2
    }

    /// Length of the escaped content in bytes.
    pub fn len(&self) -> usize {
        self.0.len().saturating_sub(2)
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.decode() == other.decode()
    }
}

impl Eq for Text {}

impl From<&str> for Text {
    fn from(plain: &str) -> Self {
        Self::new(plain)
    }
}

/// Joins pieces of escaped text into one literal.
#[derive(Debug, Default, Clone)]
pub struct TextBuilder {
    /// Starts with the opening quote as soon as anything was pushed.
    literal: BytesMut,
}

impl TextBuilder {
    /// Reserves room for `bytes` of escaped content.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { literal: BytesMut::with_capacity(bytes.saturating_add(2)) }
    }

    fn open(&mut self) {
        if self.literal.is_empty() {
            self.literal.put_u8(b'"');
        }
    }

    /// Appends a piece.
    pub fn push(&mut self, piece: &Text) {
        self.open();
        self.literal.extend_from_slice(piece.escaped());
    }

    /// Appends plain text, escaping it.
    pub fn push_plain(&mut self, plain: &str) {
        self.open();
        let needs_escape = plain.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\');
        if !needs_escape {
            self.literal.extend_from_slice(plain.as_bytes());
            return;
        }
        if let Ok(quoted) = serde_json::to_vec(plain) {
            self.literal.extend_from_slice(quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default());
        }
    }

    /// Bytes of escaped content so far.
    pub fn len(&self) -> usize {
        self.literal.len().saturating_sub(1)
    }

    /// Whether nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The joined text; the builder is empty afterwards.
    pub fn take(&mut self) -> Text {
        self.open();
        self.literal.put_u8(b'"');
        Text(self.literal.split().freeze())
    }

    /// The joined text.
    pub fn finish(mut self) -> Text {
        self.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_survives_escaping() {
        for plain in ["", "plain", "a \"quoted\" \\ back\nslash\u{0}", "emoji 😀 and ü"] {
            assert_eq!(Text::new(plain).decode(), plain);
        }
    }

    #[test]
    fn what_follows_a_start_is_a_text() {
        let whole = Text::new("say \"hi\"\n");
        let start = |plain: &str| {
            let mut start = TextBuilder::default();
            start.push_plain(plain);
            start
        };
        assert_eq!(whole.after(&start("")), Some(whole.clone()));
        assert_eq!(whole.after(&start("say \"")), Some(Text::new("hi\"\n")));
        assert_eq!(whole.after(&start("say \"hi\"\n")), Some(Text::empty()));
        assert_eq!(whole.after(&start("says")), None);
    }

    #[test]
    fn literals_are_taken_as_they_are() {
        let text = Text::from_literal(Bytes::from_static(br#""a\u00e9\ud83d\ude00""#)).unwrap();
        assert_eq!(text.decode(), "aé😀");
        assert_eq!(text.literal().as_ref(), br#""a\u00e9\ud83d\ude00""#);
    }

    #[test]
    fn unpaired_surrogates_are_refused() {
        assert!(Text::from_literal(Bytes::from_static(br#""\ud83d""#)).is_err());
        assert!(Text::from_literal(Bytes::from_static(b"12")).is_err());
    }

    #[test]
    fn pieces_join_into_one_literal() {
        let mut joined = TextBuilder::default();
        joined.push(&Text::new("a\n"));
        joined.push_plain("\"b\"");
        assert_eq!(joined.len(), 8);
        assert_eq!(joined.finish().decode(), "a\n\"b\"");
    }
}
