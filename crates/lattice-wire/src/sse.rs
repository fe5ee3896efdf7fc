//! Server-sent events, read as the WHATWG HTML standard (section 9.2.6) says: any of LF, CRLF and CR ends a line, comments
//! are skipped, several `data` lines are joined by LF. One thing beyond the standard: some servers break off with a bare JSON
//! object, without `data:`; it is an event too, so that its cause is not lost.

use bytes::{Buf, Bytes, BytesMut};

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// The `event` field; empty when there was none.
    pub name: Bytes,
    /// The `data` lines, joined. A slice of the chunk it came in wherever it could be.
    pub data: Bytes,
}

/// An event grew beyond the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is larger than {limit} bytes")]
pub struct TooLarge {
    /// The limit in bytes.
    pub limit: usize,
}

/// Cuts a byte stream into events. Memory is bounded by one event.
#[derive(Debug)]
pub struct SseReader {
    /// A line that has begun but not ended.
    partial: BytesMut,
    name: Bytes,
    data: Option<Bytes>,
    /// The last byte was a CR: an LF right after it belongs to the same line end.
    after_cr: bool,
    at_start: bool,
    /// Within a bare JSON object: all lines up to the next empty one are its.
    bare: bool,
    limit: usize,
}

impl SseReader {
    /// Refuses events of more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            partial: BytesMut::new(),
            name: Bytes::new(),
            data: None,
            after_cr: false,
            at_start: true,
            bare: false,
            limit,
        }
    }

    /// Takes the next chunk and hands every event that it completes to `found`.
    ///
    /// # Errors
    /// [`TooLarge`] as soon as one event exceeds the limit.
    pub fn feed(&mut self, mut chunk: Bytes, mut found: impl FnMut(SseEvent)) -> Result<(), TooLarge> {
        if self.after_cr && chunk.first() == Some(&b'\n') {
            chunk.advance(1);
            self.after_cr = false;
        }
        while let Some(end) = memchr::memchr2(b'\n', b'\r', &chunk) {
            let mut line = chunk.split_to(end);
            let cr = chunk.first() == Some(&b'\r');
            chunk.advance(1);
            if cr {
                match chunk.first() {
                    Some(b'\n') => chunk.advance(1),
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            if !self.partial.is_empty() {
                self.bounded(line.len())?;
                self.partial.extend_from_slice(&line);
                line = self.partial.split().freeze();
            }
            self.line(line, &mut found)?;
        }
        if !chunk.is_empty() {
            self.after_cr = false;
            self.bounded(chunk.len())?;
            self.partial.extend_from_slice(&chunk);
        }
        Ok(())
    }

    /// Whether an event has begun that never ended.
    pub fn is_mid_event(&self) -> bool {
        !self.partial.is_empty() || self.data.is_some()
    }

    fn bounded(&self, more: usize) -> Result<(), TooLarge> {
        let so_far = self.partial.len().saturating_add(self.data.as_ref().map_or(0, Bytes::len));
        if so_far.saturating_add(more) > self.limit { Err(TooLarge { limit: self.limit }) } else { Ok(()) }
    }

    fn line(&mut self, mut line: Bytes, found: &mut impl FnMut(SseEvent)) -> Result<(), TooLarge> {
        if self.at_start {
            self.at_start = false;
            if line.starts_with(b"\xef\xbb\xbf") {
                line.advance(3);
            }
        }
        if line.is_empty() {
            self.bare = false;
            let name = std::mem::take(&mut self.name);
            if let Some(data) = self.data.take() {
                found(SseEvent { name, data });
            }
            return Ok(());
        }
        // No field's name begins so.
        if self.bare || (line.first() == Some(&b'{') && self.data.is_none()) {
            self.bare = true;
            return self.push_data(line);
        }
        let colon = memchr::memchr(b':', &line).unwrap_or(line.len());
        let field = line.split_to(colon);
        let mut value = line;
        if value.first() == Some(&b':') {
            value.advance(1);
        }
        if value.first() == Some(&b' ') {
            value.advance(1);
        }
        match field.as_ref() {
            b"event" => self.name = value,
            b"data" => self.push_data(value)?,
            _ => {}
        }
        Ok(())
    }

    fn push_data(&mut self, value: Bytes) -> Result<(), TooLarge> {
        self.bounded(value.len())?;
        self.data = Some(match self.data.take() {
            None => value,
            Some(before) => [before.as_ref(), b"\n", value.as_ref()].concat().into(),
        });
        Ok(())
    }

    /// The stream is over: a bare JSON object needs no empty line behind it.
    pub fn finish(&mut self, found: impl FnOnce(SseEvent)) {
        let is_bare = self.bare || (self.data.is_none() && self.partial.first() == Some(&b'{'));
        let line = self.partial.split().freeze();
        if !is_bare {
            return;
        }
        let last = if line.is_empty() { Ok(()) } else { self.push_data(line) };
        self.bare = false;
        if let (Ok(()), Some(data)) = (last, self.data.take()) {
            found(SseEvent { name: std::mem::take(&mut self.name), data });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(chunks: &[&[u8]]) -> Vec<(String, String)> {
        let mut reader = SseReader::new(1 << 20);
        let mut events = Vec::new();
        for chunk in chunks {
            reader
                .feed(Bytes::copy_from_slice(chunk), |event| {
                    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
                    events.push((text(&event.name), text(&event.data)));
                })
                .unwrap();
        }
        events
    }

    #[test]
    fn lines_end_in_any_of_three_ways_and_comments_are_skipped() {
        let stream = b"\xef\xbb\xbf: hello\r\nevent: a\r\ndata: 1\r\n\r\ndata:2\rdata: 3\r\rid: 7\nevent: b\ndata\n\nevent: none\n\n";
        let expected = [("a", "1"), ("", "2\n3"), ("b", "")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(read(&[stream]), expected);
    }

    #[test]
    fn c13_an_endless_line_is_refused() {
        let mut reader = SseReader::new(100);
        let refused = (0..20).any(|_| reader.feed(Bytes::from_static(b"0123456789"), |_| {}).is_err());
        assert!(refused);
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_events(cuts in proptest::collection::vec(0_usize..80, 0..6)) {
            let stream = "event: ä\r\ndata: x😀y\r\n\r\n: c\ndata: 1\ndata: 2\n\ndata: [DONE]\n\n".as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.sort_unstable();
            let mut chunks = Vec::new();
            let mut start = 0;
            for cut in cuts { chunks.push(&stream[start..cut]); start = cut; }
            chunks.push(&stream[start..]);
            prop_assert_eq!(read(&chunks), read(&[stream]));
        }
    }
}
