//! How far the arguments of a call have come: whether they are whole is told by counting brackets, as the pieces arrive.

use lattice_model::Text;

/// What was seen of one call's arguments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Scan {
    depth: u32,
    within: Within,
    /// A bracket was opened.
    begun: bool,
    /// Something else than brackets and white space was seen.
    has_content: bool,
    /// How many letters were seen.
    length: u64,
}

/// Where the next letter stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Structure,
    String,
    /// Behind a backslash within a string.
    Escape,
}

impl Scan {
    /// Takes the next piece: JSON written as a text, itself in escaped form.
    pub(super) fn feed(&mut self, piece: &Text) {
        let mut bytes = piece.escaped().iter();
        while let Some(byte) = bytes.next() {
            let byte = match byte {
                b'\\' => match bytes.next() {
                    Some(b'n' | b't' | b'r') => b' ',
                    // The four digits that follow are letters like any others.
                    Some(b'u') => b'u',
                    Some(other) => *other,
                    None => break,
                },
                other => *other,
            };
            self.byte(byte);
        }
    }

    fn byte(&mut self, byte: u8) {
        self.length = self.length.saturating_add(1);
        match (self.within, byte) {
            (Within::Structure, _) => self.structure(byte),
            (Within::Escape, _) => self.within = Within::String,
            (Within::String, b'\\') => self.within = Within::Escape,
            (Within::String, b'"') => self.within = Within::Structure,
            (Within::String, _) => {}
        }
    }

    fn structure(&mut self, byte: u8) {
        match byte {
            b'{' | b'[' => {
                self.has_content |= self.begun;
                self.begun = true;
                self.depth = self.depth.saturating_add(1);
            }
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b'"' => (self.within, self.has_content) = (Within::String, true),
            byte if byte.is_ascii_whitespace() => {}
            _ => self.has_content = true,
        }
    }

    /// Nothing has come.
    pub(super) fn is_empty(self) -> bool {
        self.length == 0
    }

    /// Every bracket that was opened is closed.
    pub(super) fn is_whole(self) -> bool {
        self.begun && self.depth == 0 && self.within == Within::Structure
    }

    /// It is `{}`: whole, or a placeholder for what is to come.
    pub(super) fn is_empty_object(self) -> bool {
        self.is_whole() && !self.has_content
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(pieces: &[&str]) -> Scan {
        let mut scan = Scan::default();
        for piece in pieces {
            scan.feed(&Text::new(piece));
        }
        scan
    }

    #[test]
    fn arguments_are_whole_when_their_brackets_are() {
        for whole in
            ["{}", "{ }", r#"{"a":1}"#, r#"{"a":"}"}"#, r#"{"a":"\"}"}"#, r#"{"a":{"b":[1]}}"#, "{\n}\n"]
        {
            assert!(scan(&[whole]).is_whole(), "{whole}");
            for at in 0..whole.len() {
                let (start, end) = whole.split_at(at);
                assert_eq!(scan(&[start, end]), scan(&[whole]), "{whole} at {at}");
                assert!(at == 0 || whole[..at].ends_with('}') || !scan(&[start]).is_whole(), "{start}");
            }
        }
        assert!(scan(&[]).is_empty() && !scan(&[]).is_whole());
        assert!(scan(&["{}"]).is_empty_object() && !scan(&["{\"a\":1}"]).is_empty_object());
        assert!(!scan(&["{{}}"]).is_empty_object());
    }
}
