//! Deciding on a request, and what is held for it while it runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::local::Local;
use crate::meter::{Counted, Look, Meter};
use crate::rule::{Level, Rules, Subject};

/// Decides on requests.
#[derive(Debug)]
pub struct Limiter {
    rules: ArcSwap<Rules>,
    local: Arc<Local>,
    began: Instant,
    /// When that was: microseconds since 1970.
    began_at: i64,
}

/// What is left of the limits that hold for a request: those of which least is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State {
    /// Of requests.
    pub requests: Option<Left>,
    /// Of tokens.
    pub tokens: Option<Left>,
}

/// What is left of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// All that there is.
    pub limit: u64,
    /// What is left.
    pub remaining: u64,
    /// Until all of it is there again.
    pub reset: Duration,
}

/// Why a request has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// What there is too much of.
    pub counted: Counted,
    /// Whose limit it is.
    pub level: Level,
    /// The limit.
    pub limit: u64,
    /// In which time: `second`, `minute`, `day` or `month`; empty for what is under way.
    pub per: &'static str,
    /// How long to wait.
    pub wait: Duration,
    /// How the limits stand.
    pub state: State,
}

/// What is held for a request; given back when it is dropped (B2).
#[derive(Debug, Default)]
pub struct Permit(Option<Box<Held>>);

#[derive(Debug)]
struct Held {
    local: Arc<Local>,
    meters: Vec<Meter>,
    reserved: u64,
    state: State,
    began: Instant,
    began_at: i64,
}

impl Limiter {
    /// Under these limits; `now` is this moment, by the clock that `began` is of, in seconds since 1970.
    pub fn new(rules: Rules, began: Instant, now: i64) -> Self {
        let began_at = now.saturating_mul(1_000_000);
        Self { rules: ArcSwap::from_pointee(rules), local: Arc::default(), began, began_at }
    }

    /// Puts other limits in place. What was counted is kept for those that are the same.
    pub fn replace(&self, rules: Rules) {
        self.rules.store(Arc::new(rules));
    }

    /// Decides on a request at this moment; `tokens` estimates what it will take, and is asked only where somebody wants to know.
    ///
    /// # Errors
    /// [`Refused`] where it has to wait: nothing was counted.
    pub fn admit(
        &self,
        subject: &Subject<'_>,
        tokens: impl FnOnce() -> u64,
        now: Instant,
    ) -> Result<Permit, Refused> {
        let bounds = self.rules.load().of(subject);
        if bounds.is_empty() {
            return Ok(Permit::default());
        }
        let reserved = if bounds.iter().any(|bound| bound.numbers.has_tokens()) { tokens() } else { 0 };
        let meters: Vec<Meter> = bounds.iter().flat_map(Meter::of).collect();
        let at = moment(self.began, self.began_at, now);
        let looks = self.local.take(&meters, reserved, at);
        let state = State::of(&meters, &looks);
        let refused = meters.iter().zip(&looks).filter_map(|(meter, look)| Some((meter, look.next.err()?)));
        if let Some((meter, wait)) = refused.max_by_key(|(_, wait)| *wait) {
            let (counted, level, limit) = (meter.name.counted, meter.level, meter.limit);
            let per = meter.per();
            return Err(Refused { counted, level, limit, per, wait, state });
        }
        let (local, began, began_at) = (Arc::clone(&self.local), self.began, self.began_at);
        Ok(Permit(Some(Box::new(Held { local, meters, reserved, state, began, began_at }))))
    }
}

impl Permit {
    /// How the limits stand, with this request.
    pub fn state(&self) -> State {
        self.0.as_ref().map(|held| held.state).unwrap_or_default()
    }

    /// What was really spent, once it is known.
    pub fn settle(&mut self, tokens: u64, now: Instant) {
        let Some(held) = &mut self.0 else { return };
        let at = moment(held.began, held.began_at, now);
        held.local.settle(&held.meters, held.reserved, tokens, at);
        held.reserved = tokens;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.local.release(&self.meters);
    }
}

impl State {
    fn of(meters: &[Meter], looks: &[Look]) -> Self {
        let least = |counted: Counted| {
            let own = meters.iter().zip(looks).filter(|(meter, _)| meter.name.counted == counted);
            let left = |(meter, look): (&Meter, &Look)| Left {
                limit: meter.limit,
                remaining: look.remaining,
                reset: look.reset,
            };
            own.map(left).min_by_key(|left| left.remaining)
        };
        Self { requests: least(Counted::Requests), tokens: least(Counted::Tokens) }
    }
}

/// Microseconds since 1970, by a clock that never goes back.
fn moment(began: Instant, began_at: i64, now: Instant) -> i64 {
    let since = now.saturating_duration_since(began).as_micros();
    began_at.saturating_add(i64::try_from(since).unwrap_or(i64::MAX))
}
