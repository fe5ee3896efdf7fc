//! Any answer of any provider: deltas or an error, never a panic, and never an end without one of both.
#![no_main]

use std::sync::OnceLock;

use bytes::Bytes;
use lattice_model::{Delta, Turn};
use lattice_providers::Provider;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    static PROVIDERS: OnceLock<(Vec<Box<dyn Provider>>, Turn)> = OnceLock::new();
    let (providers, turn) = PROVIDERS.get_or_init(|| (lattice_fuzz::providers(), lattice_fuzz::turn()));
    let Some((choice, answer)) = data.split_first() else { return };
    let Some(provider) = providers.get(usize::from(*choice) % providers.len()) else { return };
    let mut deltas = Vec::new();
    let _ = provider.decode(turn, &Bytes::copy_from_slice(answer).into(), &mut deltas);
    let _ = provider.fault(400 + u16::from(*choice), &Default::default(), answer);

    let whole = stream(provider.as_ref(), turn, std::iter::once(answer));
    let bytewise = stream(provider.as_ref(), turn, answer.chunks(1));
    assert_eq!(whole, bytewise);
    if let Some(deltas) = whole {
        assert!(deltas.iter().any(|delta| matches!(delta, Delta::End(_))), "an answer without an end is an error");
    }
});

fn stream<'a>(provider: &dyn Provider, turn: &Turn, chunks: impl Iterator<Item = &'a [u8]>) -> Option<Vec<Delta>> {
    let mut decoder = provider.decoder(turn);
    let mut deltas = Vec::new();
    for chunk in chunks {
        decoder.feed(Bytes::copy_from_slice(chunk), &mut deltas).ok()?;
    }
    decoder.finish(&mut deltas).ok()?;
    Some(deltas)
}
