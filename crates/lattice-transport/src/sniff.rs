//! Reads, in passing, how many streams an HTTP/2 peer takes on one connection.

use std::sync::Arc;

use crate::lanes::Load;

/// A frame's head, RFC 9113 section 4.1: length (3 bytes), type, flags, stream (4 bytes).
const HEAD: usize = 9;
/// RFC 9113 section 6.5.
const SETTINGS: u8 = 4;
/// `SETTINGS_MAX_CONCURRENT_STREAMS`, RFC 9113 section 6.5.2.
const MAX_CONCURRENT_STREAMS: u16 = 3;
/// The longest first frame that is waited for, in bytes: real ones hold about ten entries of 6 bytes.
const LONGEST: usize = 512;

/// Watches the first bytes from the peer, which RFC 9113 section 3.4 says are a SETTINGS frame.
pub(crate) struct Sniff {
    seen: Vec<u8>,
    load: Arc<Load>,
}

impl Sniff {
    pub(crate) fn new(load: Arc<Load>) -> Self {
        Self { seen: Vec::new(), load }
    }

    /// Takes the next bytes; true when there is no more to learn.
    pub(crate) fn see(&mut self, bytes: &[u8]) -> bool {
        self.seen.extend_from_slice(bytes);
        let Some(limit) = limit_in(&self.seen) else { return false };
        self.load.learn(limit);
        true
    }
}

/// The limit that the first frame names, `Some(None)` when it names none, `None` while it is incomplete.
#[expect(clippy::option_option, reason = "not yet known is not the same as not limited")]
fn limit_in(seen: &[u8]) -> Option<Option<u32>> {
    let [a, b, c, kind, ..] = *seen.get(..HEAD)? else { return None };
    let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
    if kind != SETTINGS || length > LONGEST {
        return Some(None);
    }
    let entries = seen.get(HEAD..HEAD.saturating_add(length))?;
    let limit = entries.chunks_exact(6).find_map(|entry| match *entry {
        [id_high, id_low, a, b, c, d] if u16::from_be_bytes([id_high, id_low]) == MAX_CONCURRENT_STREAMS => {
            Some(u32::from_be_bytes([a, b, c, d]))
        }
        _ => None,
    });
    Some(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_found_however_the_frame_is_cut() {
        let frame = [0, 0, 12, 4, 0, 0, 0, 0, 0, 0, 1, 0, 0, 16, 0, 0, 3, 0, 0, 0, 7];
        for end in 0..frame.len() {
            assert_eq!(limit_in(&frame[..end]), None, "{end}");
        }
        assert_eq!(limit_in(&frame), Some(Some(7)));
    }

    #[test]
    fn a_frame_without_the_entry_or_of_another_kind_means_no_limit() {
        assert_eq!(limit_in(&[0, 0, 0, 4, 0, 0, 0, 0, 0]), Some(None));
        assert_eq!(limit_in(&[0, 0, 9, 7, 0, 0, 0, 0, 0]), Some(None));
    }
}
