//! Upstream bytes to events: the one loop that pulls a body.

use std::sync::Arc;

use lattice_limits::State;
use lattice_model::{Delta, End, Event, Fault, FaultKind, Response, Turn};

use crate::admit::Permit;
use crate::attempt::{Begun, DeltaSource};
use crate::clock::Clock;
use crate::error::{Error, of_decode, of_send};
use crate::keep::{Commit, Keep};
use crate::machine::Machine;
use crate::mask::{Secrets, mask};
use crate::record::Record;
use crate::upstream::chunk;

/// The events of one answer. Dropping it ends the call to the provider (C11), gives back what was held for it, and completes its record.
pub struct Events {
    source: Option<DeltaSource>,
    machine: Machine,
    /// What was read and not digested yet.
    deltas: Vec<Delta>,
    secrets: Secrets,
    keep: Keep,
    /// The whole answer on its way into the store.
    committing: Option<Commit>,
    /// Why the answer could not be stored.
    lost: Option<Box<Error>>,
    /// What is held for it.
    permit: Permit,
    /// For the operator: what is behind a failure.
    detail: String,
    record: Record,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Events").field("machine", &self.machine).finish_non_exhaustive()
    }
}

pub(crate) fn relay(
    begun: Begun,
    mut turn: Turn,
    mut permit: Permit,
    keep: Keep,
    clock: Arc<dyn Clock>,
    record: Record,
) -> Events {
    let Begun { provider, source, first, secrets } = begun;
    let taken = taken_ids(&turn);
    permit.spend();
    // The input went out and is not repeated to the client: a long prompt need not stay in memory for a long answer.
    (turn.history, turn.input) = (Vec::new(), Vec::new());
    let machine = Machine::new(Arc::new(turn), provider, clock).avoiding(taken);
    let (source, detail) = (Some(source), String::new());
    Events {
        source,
        machine,
        deltas: first,
        secrets,
        keep,
        committing: None,
        lost: None,
        permit,
        detail,
        record,
    }
}

/// The ids that items of the turn's conversation have: an item is found by its id there.
fn taken_ids(turn: &Turn) -> Vec<Arc<str>> {
    let items = turn.items().filter(|_| turn.conversation.is_some());
    items.filter_map(|said| said.item.id().map(Arc::from)).collect()
}

impl Events {
    /// How the caller's limits stand, with this turn.
    pub fn limits(&self) -> State {
        self.permit.state()
    }

    /// Adds the next events to `events`, at least one; false when the answer is over. Dropping the future loses nothing.
    pub async fn next(&mut self, events: &mut Vec<Event>) -> bool {
        while events.is_empty() {
            if self.machine.is_closing() {
                self.conclude(events).await;
            } else if self.source.is_none() {
                return false;
            } else {
                let over = self.deltas.is_empty() && self.pull().await;
                self.digest(events, over);
                if self.machine.is_closing() && self.committing.is_none() {
                    self.committing = self.keep.commit(self.machine.response());
                }
            }
        }
        self.record.begun();
        true
    }

    /// Makes the terminal event: what the client sees as its end is safe by then (D2).
    async fn conclude(&mut self, events: &mut Vec<Event>) {
        // Whoever stops waiting for it and comes back waits for the same one.
        let kept = match &mut self.committing {
            Some(committing) => committing.await,
            None => Ok(None),
        };
        self.committing = None;
        if let Err(fault) = &kept {
            self.detail.clone_from(&fault.detail);
            self.lost = Some(Box::new(Error::of(fault, None)));
        }
        self.machine.conclude(kept, events);
    }

    /// Reads the next deltas; whether nothing can follow.
    async fn pull(&mut self) -> bool {
        let (body, decoder) = match &mut self.source {
            None | Some(DeltaSource::Known) => return true,
            Some(DeltaSource::Stream { body, decoder }) => (body, decoder),
        };
        let (fault, over) = match chunk(body.as_mut()).await {
            Some(Ok(chunk)) => {
                let fed = decoder.feed(chunk, &mut self.deltas).map_err(|error| of_decode(&error));
                (fed.err(), false)
            }
            Some(Err(error)) => (Some(of_send(error)), true),
            None => (decoder.finish(&mut self.deltas).map_err(|error| of_decode(&error)).err(), true),
        };
        let failed = fault.is_some();
        self.deltas.extend(fault.map(|fault| Delta::End(End::Failed(fault))));
        over || failed
    }

    fn digest(&mut self, events: &mut Vec<Event>, over: bool) {
        for mut delta in self.deltas.drain(..) {
            if let Delta::End(End::Failed(fault)) = &mut delta {
                mask(fault, &self.secrets, None);
                self.detail.clone_from(&fault.detail);
            }
            self.machine.take(delta, events);
        }
        if over {
            self.machine.end_if_open(events);
        }
        if self.machine.is_closing()
            && let (Some(DeltaSource::Stream { body, .. }), false) = (self.source.take(), over)
        {
            body.finish();
        }
    }

    /// The whole response, for a client that does not stream.
    ///
    /// # Errors
    /// Where it should have been stored and could not be: a client that asks for one document reads its status first.
    pub async fn finish(mut self) -> Result<Arc<Response>, Error> {
        let mut events = Vec::new();
        while self.next(&mut events).await {
            events.clear();
        }
        match self.lost.take() {
            Some(error) => Err(*error),
            None => Ok(Arc::clone(self.machine.response())),
        }
    }

    /// Ends the answer as failed, now: the events that say so. For a gateway that is about to stop (E5). One that is whole and only waits to
    /// be safe ends as it would have.
    pub async fn abort(&mut self, kind: FaultKind) -> Vec<Event> {
        let mut events = Vec::new();
        if self.source.take().is_some() {
            self.machine.take(Delta::End(End::Failed(Fault::new(kind))), &mut events);
            self.committing = self.keep.commit(self.machine.response());
        }
        if self.machine.is_closing() {
            self.conclude(&mut events).await;
        }
        events
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let response = self.machine.response();
        self.permit.settle(response.usage.as_ref(), &response.output);
        self.record.response(response, &self.detail);
    }
}
