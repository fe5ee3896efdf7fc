//! Counts in the process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::meter::{Count, Counted, Look, Meter, Name};

/// Counts are tidied when there are so many, and then when there are twice as many as were left.
const TIDIED: usize = 10_000;

/// Counts in the process. All of a request's are decided in one step (B3).
#[derive(Debug)]
pub(crate) struct Local(Mutex<Counts>);

#[derive(Debug)]
struct Counts {
    counts: HashMap<Name, Count>,
    tidied_at: usize,
}

impl Default for Local {
    fn default() -> Self {
        Self(Mutex::new(Counts { counts: HashMap::new(), tidied_at: TIDIED }))
    }
}

impl Local {
    /// Takes from all counts, or from none: what each of them says.
    pub(crate) fn take(&self, meters: &[Meter], tokens: u64, now: i64) -> Vec<Look> {
        let mut counts = self.lock();
        let looks: Vec<Look> = meters
            .iter()
            .map(|meter| meter.look(counts.counts.get(&meter.name).copied(), now, cost(meter, tokens)))
            .collect();
        if looks.iter().all(|look| look.next.is_ok()) {
            for (meter, look) in meters.iter().zip(&looks) {
                let Ok(next) = look.next else { continue };
                match counts.counts.get_mut(&meter.name) {
                    Some(count) => *count = next,
                    None => {
                        counts.counts.insert(meter.name.clone(), next);
                    }
                }
            }
            counts.tidy(now);
        }
        looks
    }

    /// Puts what was really spent in the place of what was reserved.
    pub(crate) fn settle(&self, meters: &[Meter], reserved: u64, tokens: u64, now: i64) {
        let mut counts = self.lock();
        for meter in meters.iter().filter(|meter| meter.name.counted == Counted::Tokens) {
            if let Some(count) = counts.counts.get_mut(&meter.name) {
                *count = meter.settled(*count, now, reserved, tokens);
            }
        }
    }

    /// Gives back what was held.
    pub(crate) fn release(&self, meters: &[Meter]) {
        let mut counts = self.lock();
        for meter in meters.iter().filter(|meter| meter.name.counted == Counted::Concurrency) {
            match counts.counts.get_mut(&meter.name) {
                Some(Count::Held(held)) if *held > 1 => *held = held.saturating_sub(1),
                _ => {
                    counts.counts.remove(&meter.name);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn tidy(&mut self, now: i64) {
        if self.counts.len() >= self.tidied_at {
            self.counts.retain(|_, count| !count.is_over(now));
            self.tidied_at = self.counts.len().saturating_mul(2).max(TIDIED);
        }
    }
}

fn cost(meter: &Meter, tokens: u64) -> u64 {
    match meter.name.counted {
        Counted::Requests | Counted::Concurrency => 1,
        Counted::Tokens => tokens,
    }
}
