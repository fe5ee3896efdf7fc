//! Any body either becomes a turn, which then can be put to every provider, or is refused.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let body = Bytes::copy_from_slice(data);
    if let Ok(turn) = lattice_server::read_turn(&body) {
        for provider in lattice_fuzz::providers() {
            // Refused or written: both are fine, a panic is not.
            let _ = provider.encode(&turn, &lattice_providers::Model { id: turn.model.clone(), ..Default::default() });
        }
    }
});
