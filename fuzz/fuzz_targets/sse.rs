//! Any bytes, cut anywhere, give the same events, and memory stays bounded.
#![no_main]

use bytes::Bytes;
use lattice_wire::sse::{SseEvent, SseReader};
use libfuzzer_sys::fuzz_target;

fn read<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Vec<SseEvent> {
    let mut reader = SseReader::new(1 << 16);
    let mut events = Vec::new();
    for chunk in chunks {
        if reader.feed(Bytes::copy_from_slice(chunk), |event| events.push(event)).is_err() {
            return Vec::new();
        }
    }
    events
}

fuzz_target!(|data: &[u8]| {
    if data.len() < 1 << 16 {
        assert_eq!(read(std::iter::once(data)), read(data.chunks(1)));
    }
});
