//! A body that is wanted whole, of bounded size.

use bytes::{Bytes, BytesMut};

/// The most room that is made for bytes that were only announced.
const BELIEVED: usize = 1 << 20;

/// Chunks on their way to one piece. A body of one chunk, the usual case, is not copied.
#[derive(Debug)]
pub struct Collected {
    limit: usize,
    expected: usize,
    first: Bytes,
    joined: BytesMut,
}

/// There is more than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

impl Collected {
    /// At most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self::expecting(0, limit)
    }

    /// The same, where the other side announced a length. Not much room is made before anything has come: whoever says a length need not
    /// send it.
    pub fn expecting(expected: usize, limit: usize) -> Self {
        Self {
            limit,
            expected: expected.min(limit).min(BELIEVED),
            first: Bytes::new(),
            joined: BytesMut::new(),
        }
    }

    /// Takes the next chunk.
    ///
    /// # Errors
    /// [`TooLarge`], before more than the limit is in memory.
    pub fn push(&mut self, chunk: Bytes) -> Result<(), TooLarge> {
        let so_far = self.first.len().saturating_add(self.joined.len());
        let so_much = so_far.saturating_add(chunk.len());
        if so_much > self.limit {
            return Err(TooLarge);
        }
        if so_far == 0 {
            self.first = chunk;
            return Ok(());
        }
        if self.joined.is_empty() {
            self.joined.reserve(self.expected.max(so_much));
            self.joined.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.joined.extend_from_slice(&chunk);
        Ok(())
    }

    /// The whole.
    pub fn finish(self) -> Bytes {
        if self.joined.is_empty() { self.first } else { self.joined.freeze() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(chunks: &[&'static str], limit: usize) -> Result<Bytes, TooLarge> {
        let mut collected = Collected::new(limit);
        chunks.iter().try_for_each(|chunk| collected.push(Bytes::from_static(chunk.as_bytes())))?;
        Ok(collected.finish())
    }

    #[test]
    fn c13_a_body_is_whole_and_never_larger_than_its_limit() {
        assert_eq!(whole(&[], 0), Ok(Bytes::new()));
        assert_eq!(whole(&["", "ab", "", "c", "de"], 5), Ok(Bytes::from_static(b"abcde")));
        assert_eq!(whole(&["ab", "c", "de"], 4), Err(TooLarge));
        assert_eq!(whole(&["abcde"], 4), Err(TooLarge));
    }

    #[test]
    fn one_chunk_is_not_copied() {
        let chunk = Bytes::from(vec![b'x'; 100]);
        let mut collected = Collected::new(100);
        collected.push(chunk.clone()).unwrap();
        assert_eq!(collected.finish().as_ptr(), chunk.as_ptr());
    }
}
