//! The tag on encrypted reasoning: it names the provider entry that made it, and goes back only there (C7).
//!
//! `lm1.<origin in base64url>.<payload>`: the payload stands as the provider made it. A tag is no secret and no proof; a
//! wrong one is refused by the provider that checks its own payload.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lattice_model::{Text, TextBuilder};

const PREFIX: &str = "lm1.";

/// Tags a payload with its origin.
pub fn tag(origin: &str, payload: &Text) -> Text {
    let mut tagged = TextBuilder::with_capacity(payload.len().saturating_add(origin.len() * 2 + 8));
    tagged.push_plain(PREFIX);
    tagged.push_plain(&URL_SAFE_NO_PAD.encode(origin));
    tagged.push_plain(".");
    tagged.push(payload);
    tagged.finish()
}

/// The payload, if `origin` made it.
pub fn open(origin: &str, tagged: &Text) -> Option<Text> {
    let start = format!("{PREFIX}{}.", URL_SAFE_NO_PAD.encode(origin));
    let escaped = tagged.escaped();
    if !escaped.starts_with(start.as_bytes()) {
        return None;
    }
    // The quote that opens the literal stands before the tag; the payload needs one of its own.
    let rest = tagged.literal().slice(1 + start.len()..);
    let mut literal = bytes::BytesMut::with_capacity(rest.len() + 1);
    literal.extend_from_slice(b"\"");
    literal.extend_from_slice(&rest);
    Text::from_literal(literal.freeze()).ok()
}

/// Whether any provider of this gateway made it.
pub fn is_tagged(text: &Text) -> bool {
    text.escaped().starts_with(PREFIX.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c7_a_payload_goes_back_only_to_its_origin() {
        let payload = Text::new("gAAAA+/= \"x\"");
        let tagged = tag("anthropic/main", &payload);
        assert_eq!(open("anthropic/main", &tagged), Some(payload));
        assert_eq!(open("anthropic/other", &tagged), None);
        assert_eq!(open("anthropic/main", &Text::new("gAAAA")), None);
    }
}
