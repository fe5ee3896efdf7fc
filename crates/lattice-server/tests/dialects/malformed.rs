//! Recorded streams with something wrong in them: the client always gets a whole stream with an honest end.

use bytes::Bytes;
use lattice_testkit::invariants;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::recorded::{Recording, recordings};
use crate::stage::{Outcome, Script, ask_model, question};

/// What goes wrong.
#[derive(Debug, Clone)]
enum Damage {
    Flip(Index, u8),
    Remove(Index, usize),
    Insert(Index, Vec<u8>),
    Twice(Index, usize),
    Cut(Index),
}

impl Damage {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Self::Flip(at, byte)),
            (any::<Index>(), 1..300_usize).prop_map(|(at, length)| Self::Remove(at, length)),
            (any::<Index>(), prop::collection::vec(any::<u8>(), 1..20))
                .prop_map(|(at, bytes)| Self::Insert(at, bytes)),
            (any::<Index>(), 1..300_usize).prop_map(|(at, length)| Self::Twice(at, length)),
            any::<Index>().prop_map(Self::Cut),
            any::<Index>()
                .prop_map(|at| Self::Insert(at, b"\n\ndata: null\n\ndata: []\n\ndata: {}\n\n".to_vec())),
        ]
    }

    fn apply(&self, stream: &mut Vec<u8>) {
        if stream.is_empty() {
            return;
        }
        let length = stream.len();
        match self {
            Self::Flip(at, byte) => stream[at.index(length)] = *byte,
            Self::Remove(at, count) => {
                let at = at.index(length);
                stream.drain(at..(at + count).min(length));
            }
            Self::Insert(at, bytes) => {
                let at = at.index(length);
                stream.splice(at..at, bytes.iter().copied());
            }
            Self::Twice(at, count) => {
                let at = at.index(length);
                let again = stream[at..(at + count).min(length)].to_vec();
                stream.splice(at..at, again);
            }
            Self::Cut(at) => stream.truncate(at.index(length)),
        }
    }
}

fn streams() -> Vec<(Recording, Bytes)> {
    let stream = |recording: Recording| match recording.body() {
        Some((true, body)) => Some((recording, body)),
        _ => None,
    };
    recordings().into_iter().filter_map(stream).collect()
}

/// A stream that keeps the rules, or an error in place of one that had not begun. Whether the values in it conform is up to
/// the provider of the client's own dialect, whose damaged ones may be passed on.
fn is_honest(outcome: &Outcome) -> Result<(), String> {
    if outcome.status == 200 {
        let broken = invariants::check(&outcome.body);
        return if broken.is_empty() { Ok(()) } else { Err(format!("{broken:#?}\n{}", outcome.body)) };
    }
    match outcome.json()["error"]["message"].as_str() {
        Some(message) if outcome.status >= 400 && !message.is_empty() => Ok(()),
        _ => Err(format!("{}: {}", outcome.status, outcome.body)),
    }
}

#[test]
fn c2_a_stream_that_stops_anywhere_is_never_silent() {
    for (recording, stream) in streams() {
        let step = (stream.len() / 60).max(1);
        for at in (0..stream.len()).step_by(step) {
            let script = Script::ok(vec![stream.slice(..at)]);
            let outcome = ask_model(recording.provider(), recording.model(), &question(true), script);
            is_honest(&outcome).unwrap_or_else(|wrong| panic!("{} cut at {at}: {wrong}", recording.name));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damage_never_breaks_the_stream_to_the_client(
        which in any::<Index>(),
        damages in prop::collection::vec(Damage::any(), 1..4),
    ) {
        let streams = streams();
        let (recording, stream) = &streams[which.index(streams.len())];
        let mut bytes = stream.to_vec();
        for damage in &damages {
            damage.apply(&mut bytes);
        }
        let outcome =
            ask_model(recording.provider(), recording.model(), &question(true), Script::ok(vec![bytes.into()]));
        is_honest(&outcome).map_err(|wrong| TestCaseError::fail(format!("{}: {wrong}", recording.name)))?;
    }
}
