//! Upstream bytes to events: the one loop that pulls a body.

use std::sync::Arc;

use lattice_model::{Delta, End, Event, Fault, FaultKind, Response, Turn};

use crate::Clock;
use crate::attempt::{Begun, Source};
use crate::directory::Target;
use crate::error::{of_decode, of_send};
use crate::machine::Machine;
use crate::mask::{Secrets, mask};
use crate::record::Record;
use crate::upstream::chunk;

/// The events of one answer. Dropping it ends the call to the provider (C11).
pub struct Events {
    source: Option<Source>,
    machine: Machine,
    /// What was read and not digested yet.
    deltas: Vec<Delta>,
    secrets: Secrets,
    record: Record,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Events").field("machine", &self.machine).finish_non_exhaustive()
    }
}

pub(crate) fn relay(begun: Begun, mut turn: Turn, target: &Target, clock: Clock, record: Record) -> Events {
    // The input went out and is not repeated to the client: a long prompt need not stay in memory for a long answer.
    turn.input = Vec::new();
    let provider = Arc::clone(&target.entry.name);
    let machine = Machine::new(Arc::new(turn), provider, clock);
    let Begun { source, first, secrets } = begun;
    Events { source: Some(source), machine, deltas: first, secrets, record }
}

impl Events {
    /// Adds the next events to `events`, at least one; false when the answer is over.
    pub async fn next(&mut self, events: &mut Vec<Event>) -> bool {
        while events.is_empty() {
            if self.source.is_none() {
                return false;
            }
            let over = self.deltas.is_empty() && self.pull().await;
            self.digest(events, over);
        }
        self.record.begun();
        true
    }

    /// Reads the next deltas; whether nothing can follow.
    async fn pull(&mut self) -> bool {
        let (body, decoder) = match &mut self.source {
            None | Some(Source::Known) => return true,
            Some(Source::Stream { body, decoder }) => (body, decoder),
        };
        let (fault, over) = match chunk(body.as_mut()).await {
            Some(Ok(chunk)) => {
                let fed = decoder.feed(chunk, &mut self.deltas).map_err(|error| of_decode(&error));
                (fed.err(), false)
            }
            Some(Err(failure)) => (Some(of_send(failure)), true),
            None => (decoder.finish(&mut self.deltas).map_err(|error| of_decode(&error)).err(), true),
        };
        let failed = fault.is_some();
        self.deltas.extend(fault.map(|fault| Delta::End(End::Failed(fault))));
        over || failed
    }

    fn digest(&mut self, events: &mut Vec<Event>, over: bool) {
        let mut detail = String::new();
        for mut delta in self.deltas.drain(..) {
            if let Delta::End(End::Failed(fault)) = &mut delta {
                mask(fault, &self.secrets, None);
                detail.clone_from(&fault.detail);
            }
            self.machine.take(delta, events);
        }
        if over {
            self.machine.end_if_open(events);
        }
        if self.machine.is_over() {
            if let (Some(Source::Stream { body, .. }), false) = (self.source.take(), over) {
                body.finish();
            }
            self.record.ended(self.machine.response(), &detail);
        }
    }

    /// The whole response, for a client that does not stream.
    pub async fn finish(mut self) -> Arc<Response> {
        let mut events = Vec::new();
        while self.next(&mut events).await {
            events.clear();
        }
        Arc::clone(self.machine.response())
    }

    /// Ends the answer as failed, now: the events that say so. For a gateway that is about to stop (E5).
    pub fn abort(&mut self, kind: FaultKind) -> Vec<Event> {
        let mut events = Vec::new();
        if self.source.take().is_some() {
            self.machine.take(Delta::End(End::Failed(Fault::new(kind))), &mut events);
            self.record.ended(self.machine.response(), "");
        }
        events
    }
}
