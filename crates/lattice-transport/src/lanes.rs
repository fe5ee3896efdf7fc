//! As many HTTP/2 connections to one provider as its stream limit makes necessary.
//!
//! The client library keeps one HTTP/2 connection per origin, on which a stream beyond the peer's limit waits until another
//! ends: minutes, with long answers. So there are several clients, the lanes, and a call takes the first that has room.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The most calls on one lane, since a connection is one task and one TCP window; also used if the peer names none.
const MOST: usize = 100;

/// The calls on a lane whose limit is unknown: a burst at the start then opens one connection per call.
const COLD: usize = 1;

/// How much is on a lane, and how much fits.
#[derive(Debug)]
pub(crate) struct Load {
    in_flight: AtomicUsize,
    limit: AtomicUsize,
    /// What the upstream's newest connection said: a new lane starts with it.
    newest: Arc<AtomicUsize>,
}

impl Load {
    /// An HTTP/2 connection said how many streams it takes, or that it does not limit them.
    pub(crate) fn learn(&self, streams: Option<u32>) {
        let streams = streams.and_then(|streams| usize::try_from(streams).ok()).unwrap_or(MOST);
        self.set(streams.clamp(1, MOST));
    }

    /// It is HTTP/1.1: one connection per call, which the pool sees to.
    pub(crate) fn without_limit(&self) {
        self.set(usize::MAX);
    }

    fn set(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
        self.newest.store(limit, Ordering::Relaxed);
    }

    fn is_idle(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) == 0
    }

    fn has_room(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) < self.limit.load(Ordering::Relaxed)
    }
}

/// A place on a lane; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Slot(Arc<Load>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The lanes of one upstream. `C` is a client, cheap to clone.
pub(crate) struct Lanes<C> {
    lanes: Mutex<Vec<(C, Arc<Load>)>>,
    newest: Arc<AtomicUsize>,
}

impl<C: Clone> Lanes<C> {
    pub(crate) fn new() -> Self {
        Self { lanes: Mutex::new(Vec::new()), newest: Arc::new(AtomicUsize::new(COLD)) }
    }

    /// The first lane with room, or a new one that `open` makes.
    pub(crate) fn take(&self, open: impl FnOnce(Arc<Load>) -> C) -> (C, Slot) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let first = lanes.iter().position(|(_, load)| load.has_room());
        if let Some(at) = first {
            // Lanes of a past peak are given up one by one; one spare stays.
            if lanes.len() > at.saturating_add(2) && lanes.last().is_some_and(|(_, load)| load.is_idle()) {
                lanes.pop();
            }
        } else {
            let limit = AtomicUsize::new(self.newest.load(Ordering::Relaxed));
            let newest = Arc::clone(&self.newest);
            let load = Arc::new(Load { in_flight: AtomicUsize::new(0), limit, newest });
            lanes.push((open(Arc::clone(&load)), load));
        }
        let at = first.unwrap_or(lanes.len().saturating_sub(1));
        #[expect(clippy::indexing_slicing, reason = "found above, or just pushed")]
        let (client, load) = &lanes[at];
        load.in_flight.fetch_add(1, Ordering::Relaxed);
        (client.clone(), Slot(Arc::clone(load)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_lane_opens_another_and_past_peaks_are_given_up() {
        let lanes = Lanes::new();
        let mut opened = 0;
        let mut take = || {
            lanes.take(|load| {
                opened += 1;
                load
            })
        };
        let (load, first) = take();
        let (_, second) = take();
        load.learn(Some(2));
        let (_, third) = take();
        drop((first, second, third));
        let places: Vec<_> = (0..7).map(|_| take()).collect();
        drop(places);
        for _ in 0..5 {
            drop(take());
        }
        assert_eq!(opened, 4);
        assert_eq!(lanes.lanes.lock().unwrap().len(), 2);
    }
}
