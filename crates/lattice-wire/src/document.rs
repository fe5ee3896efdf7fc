//! A JSON document that others are read from.

use std::ops::Deref;

use bytes::Bytes;

/// The bytes that borrowed leaves ([`Str`](crate::Str), [`Raw`](crate::Raw)) point into: texts are taken out of it as slices, without a copy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document(Bytes);

impl Document {
    /// `part`, which must borrow from this document, as a slice of it; where it does not, it is copied.
    pub(crate) fn slice_of(&self, part: &str) -> Bytes {
        let start = (part.as_ptr() as usize).wrapping_sub(self.0.as_ptr() as usize);
        match start.checked_add(part.len()) {
            Some(end) if end <= self.0.len() => self.0.slice(start..end),
            _ => Bytes::copy_from_slice(part.as_bytes()),
        }
    }
}

impl Deref for Document {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Bytes> for Document {
    fn from(whole: Bytes) -> Self {
        Self(whole)
    }
}

impl From<String> for Document {
    fn from(whole: String) -> Self {
        Self(whole.into())
    }
}

impl From<&'static str> for Document {
    fn from(whole: &'static str) -> Self {
        Self(whole.into())
    }
}
