//! Events on their way out, each with its number.

use lattice_model::{Event, What};

/// Where the machine puts what it has to tell.
#[derive(Debug)]
pub(crate) struct Outbox<'a> {
    events: &'a mut Vec<Event>,
    next: &'a mut u64,
}

impl<'a> Outbox<'a> {
    /// Numbers go on from `next`.
    pub(crate) fn new(events: &'a mut Vec<Event>, next: &'a mut u64) -> Self {
        Self { events, next }
    }

    pub(crate) fn push(&mut self, what: What) {
        self.events.push(Event { number: *self.next, what });
        *self.next = self.next.saturating_add(1);
    }
}
