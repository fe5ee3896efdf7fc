//! Upstream bytes to events: the one loop that pulls a body.

use std::sync::Arc;

use lattice_model::{Delta, End, Event, Failure, Response, Turn};

use crate::Clock;
use crate::attempt::Source;
use crate::directory::Target;
use crate::error::Error;
use crate::machine::Machine;
use crate::record::Record;
use crate::upstream::chunk;

/// The events of one answer. Dropping it ends the call to the provider (C11).
pub struct Events {
    source: Option<Source>,
    machine: Machine,
    deltas: Vec<Delta>,
    provider: Arc<str>,
    record: Record,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Events").field("machine", &self.machine).finish_non_exhaustive()
    }
}

pub(crate) fn relay(source: Source, mut turn: Turn, target: &Target, clock: Clock, record: Record) -> Events {
    // The input went out and is not repeated to the client: a long prompt need not stay in memory for a long answer.
    turn.input = Vec::new();
    let provider = Arc::clone(&target.entry.name);
    let machine = Machine::new(Arc::new(turn), Arc::clone(&provider), clock);
    Events { source: Some(source), machine, deltas: Vec::new(), provider, record }
}

impl Events {
    /// Adds the next events to `events`, at least one; false when the answer is over.
    pub async fn next(&mut self, events: &mut Vec<Event>) -> bool {
        while events.is_empty() {
            let Some(source) = &mut self.source else { return false };
            let over = match source {
                Source::Known(deltas) => {
                    self.deltas.append(deltas);
                    true
                }
                Source::Stream { body, decoder } => match chunk(body.as_mut()).await {
                    Some(Ok(chunk)) => {
                        let fed = decoder.feed(chunk, &mut self.deltas);
                        fed.map_err(|error| Error::of_decode(&error, &self.provider))
                            .map_err(|error| self.deltas.push(failed(error)))
                            .is_err()
                    }
                    Some(Err(failure)) => {
                        self.deltas.push(failed(Error::of_send(failure, &self.provider)));
                        true
                    }
                    None => {
                        if let Err(error) = decoder.finish(&mut self.deltas) {
                            self.deltas.push(failed(Error::of_decode(&error, &self.provider)));
                        }
                        true
                    }
                },
            };
            self.digest(events, over);
        }
        self.record.begun();
        true
    }

    fn digest(&mut self, events: &mut Vec<Event>, over: bool) {
        let mut detail = String::new();
        for delta in self.deltas.drain(..) {
            if let Delta::End(End::Failed(failure)) = &delta {
                detail.clone_from(&failure.detail);
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
    pub fn abort(&mut self, code: &str, message: &str) -> Vec<Event> {
        let mut events = Vec::new();
        if self.source.take().is_some() {
            let failure =
                Failure { code: code.to_owned(), message: message.to_owned(), detail: String::new() };
            self.machine.take(Delta::End(End::Failed(failure)), &mut events);
            self.record.ended(self.machine.response(), "");
        }
        events
    }
}

fn failed(error: Error) -> Delta {
    Delta::End(End::Failed(Failure { code: error.code, message: error.message, detail: error.detail }))
}
