//! What the scripted provider has seen.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::watch;

/// Counts since the start or the last reset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections accepted.
    pub connections: u64,
    /// Connections open now.
    pub open: u64,
    /// Requests read, without those to `/_...`; token services' requests count too.
    pub requests: u64,
    /// Answers that the client did not wait for.
    pub aborted: u64,
    /// Requests that broke the provider's rules.
    pub refused: u64,
    /// Bytes of answers written.
    pub bytes: u64,
}

/// How many requests are kept.
const KEPT: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Stats {
    seen: Mutex<Seen>,
    /// Whether answers that are held go on.
    released: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Seen {
    counts: Counts,
    requests: VecDeque<Value>,
    /// How often a name was asked for, for faults that pass.
    turns: HashMap<String, u64>,
    /// Calls of each model that kept the rules.
    calls: HashMap<String, u64>,
}

impl Stats {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets answers that are held go on, now and from now on.
    pub(super) fn release(&self) {
        self.released.send_replace(true);
    }

    /// Waits for [`Self::release`].
    pub(super) async fn released(&self) {
        // The sender is this one, which is there as long as somebody waits.
        let _ = self.released.subscribe().wait_for(|released| *released).await;
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.seen().counts);
    }

    pub(super) fn counts(&self) -> Counts {
        self.seen().counts
    }

    pub(super) fn requests(&self) -> Vec<Value> {
        self.seen().requests.iter().cloned().collect()
    }

    pub(super) fn keep(&self, request: Value) {
        let mut seen = self.seen();
        seen.counts.requests += 1;
        if seen.requests.len() == KEPT {
            seen.requests.pop_front();
        }
        seen.requests.push_back(request);
    }

    /// Counts a call of this model.
    pub(super) fn call(&self, model: &str) {
        *self.seen().calls.entry(model.to_owned()).or_default() += 1;
    }

    /// How often this model was called.
    pub(super) fn calls(&self, model: &str) -> u64 {
        self.seen().calls.get(model).copied().unwrap_or_default()
    }

    /// How often this was called with `name` before.
    pub(super) fn turn(&self, name: &str) -> u64 {
        let mut seen = self.seen();
        let turn = seen.turns.entry(name.to_owned()).or_default();
        *turn += 1;
        *turn - 1
    }

    /// Forgets everything but the connections that are open.
    pub(super) fn reset(&self) {
        let mut seen = self.seen();
        *seen = Seen { counts: Counts { open: seen.counts.open, ..Counts::default() }, ..Seen::default() };
    }

    pub(super) fn to_json(&self) -> Value {
        let counts = self.counts();
        json!({"connections": counts.connections, "open": counts.open, "requests": counts.requests,
               "aborted": counts.aborted, "refused": counts.refused, "bytes": counts.bytes})
    }
}
