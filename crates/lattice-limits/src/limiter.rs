//! Deciding on a request, and what is held for it while it runs.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::local::Local;
use crate::meter::{Counted, Meter};
use crate::rule::{Level, Rules, Subject};
use crate::shared::{Ask, Counters, Told};

/// What holds while the store that replicas share is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Each replica counts by itself.
    #[default]
    Open,
    /// Nobody who is limited is admitted.
    Closed,
}

/// Decides on requests.
#[derive(Debug)]
pub struct Limiter {
    rules: ArcSwap<Rules>,
    local: Arc<Local>,
    shared: Option<(Arc<dyn Counters>, Policy)>,
    began: Instant,
    /// When that was: microseconds since 1970.
    began_at: i64,
    /// How leases of this process begin, and how many there were.
    leases: (String, AtomicU64),
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

/// Why a request is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// A limit is reached.
    Reached(Refused),
    /// Whether one is cannot be told at present.
    Unknown,
}

/// Where is counted at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// In the process.
    Local,
    /// In the store that replicas share.
    Shared,
    /// In the store, which is away; so this holds.
    Away(Policy),
}

/// What is held for a request; given back when it is dropped (B2).
#[derive(Debug, Default)]
pub struct Permit(Option<Box<Held>>);

#[derive(Debug)]
struct Held {
    place: Place,
    meters: Vec<Meter>,
    /// For each, how long from then on what was taken counts.
    windows: Vec<Duration>,
    at: Instant,
    reserved: u64,
    state: State,
    began: Instant,
    began_at: i64,
}

/// Where it was counted.
#[derive(Debug)]
enum Place {
    Local(Arc<Local>),
    Shared(Arc<dyn Counters>, String),
}

impl Limiter {
    /// Under these limits; `now` is this moment, by the clock that `began` is of, in seconds since 1970.
    pub fn new(rules: Rules, began: Instant, now: i64) -> Self {
        let began_at = now.saturating_mul(1_000_000);
        // Nobody has to be unable to guess it: it only has to be another one in another process.
        let process = RandomState::new().build_hasher().finish();
        let leases = (format!("{process:016x}{now:x}"), AtomicU64::new(0));
        Self {
            rules: ArcSwap::from_pointee(rules),
            local: Arc::default(),
            shared: None,
            began,
            began_at,
            leases,
        }
    }

    /// Counts in a store that replicas share; while it is away, the policy holds.
    #[must_use]
    pub fn sharing(mut self, counters: Arc<dyn Counters>, policy: Policy) -> Self {
        self.shared = Some((counters, policy));
        self
    }

    /// Puts other limits in place. What was counted is kept for those that are the same.
    pub fn replace(&self, rules: Rules) {
        self.rules.store(Arc::new(rules));
    }

    /// Where is counted at present.
    pub fn report(&self) -> Report {
        match &self.shared {
            None => Report::Local,
            Some((counters, policy)) if counters.is_away() => Report::Away(*policy),
            Some(_) => Report::Shared,
        }
    }

    /// Decides on a request at this moment; `tokens` estimates what it will take, and is asked only where somebody wants to know.
    ///
    /// # Errors
    /// [`Denied`] where it has to wait: nothing was counted.
    pub async fn admit(
        &self,
        subject: &Subject<'_>,
        tokens: impl FnOnce() -> u64,
        now: Instant,
    ) -> Result<Permit, Denied> {
        let bounds = self.rules.load().of(subject);
        if bounds.is_empty() {
            return Ok(Permit::default());
        }
        let reserved = if bounds.iter().any(|bound| bound.numbers.has_tokens()) { tokens() } else { 0 };
        let meters: Vec<Meter> = bounds.iter().flat_map(Meter::of).collect();
        let (told, place) = self.take(&meters, reserved, now).await?;
        let state = State::of(&meters, &told);
        let refused = meters.iter().zip(&told).filter_map(|(meter, told)| Some((meter, told.wait?)));
        if let Some((meter, wait)) = refused.max_by_key(|(_, wait)| *wait) {
            let (counted, level, limit, per) = (meter.name.counted, meter.level, meter.limit, meter.per());
            return Err(Denied::Reached(Refused { counted, level, limit, per, wait, state }));
        }
        let (began, began_at) = (self.began, self.began_at);
        let windows = told.iter().map(|told| told.reset).collect();
        let held = Held { place, meters, windows, at: now, reserved, state, began, began_at };
        Ok(Permit(Some(Box::new(held))))
    }

    async fn take(
        &self,
        meters: &[Meter],
        reserved: u64,
        now: Instant,
    ) -> Result<(Vec<Told>, Place), Denied> {
        if let Some((counters, policy)) = &self.shared {
            let (process, count) = &self.leases;
            let lease = format!("{process}-{}", count.fetch_add(1, Ordering::Relaxed));
            let asks: Vec<Ask> = meters.iter().map(|meter| meter.ask(reserved)).collect();
            match (counters.take(&asks, &lease).await, policy) {
                (Ok(told), _) => return Ok((told, Place::Shared(Arc::clone(counters), lease))),
                (Err(_), Policy::Closed) => return Err(Denied::Unknown),
                (Err(_), Policy::Open) => {}
            }
        }
        let looks = self.local.take(meters, reserved, moment(self.began, self.began_at, now));
        let told = looks.iter().map(|look| Told {
            wait: look.next.err(),
            remaining: look.remaining,
            reset: look.reset,
        });
        Ok((told.collect(), Place::Local(Arc::clone(&self.local))))
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
        let open = held.open(now);
        match &held.place {
            Place::Local(local) => {
                let at = moment(held.began, held.began_at, now);
                local.settle(&open, held.reserved, tokens, at);
            }
            Place::Shared(counters, _) => {
                if !open.is_empty() && held.reserved != tokens {
                    let asks = open.iter().map(|meter| meter.ask(held.reserved)).collect();
                    counters.settle(asks, held.reserved, tokens);
                }
            }
        }
        held.reserved = tokens;
    }
}

impl Held {
    /// The counts of tokens whose window is still the one that was reserved in. What was spent in one that is over says nothing of the next.
    fn open(&self, now: Instant) -> Vec<Meter> {
        let since = now.saturating_duration_since(self.at);
        let open = self.meters.iter().zip(&self.windows).filter(|(_, window)| since < **window);
        open.map(|(meter, _)| meter).filter(|meter| meter.name.counted == Counted::Tokens).cloned().collect()
    }

    fn asks(&self, counted: Counted) -> Vec<Ask> {
        let own = self.meters.iter().filter(|meter| meter.name.counted == counted);
        own.map(|meter| meter.ask(self.reserved)).collect()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        match &self.place {
            Place::Local(local) => local.release(&self.meters),
            Place::Shared(counters, lease) => {
                let asks = self.asks(Counted::Concurrency);
                if !asks.is_empty() {
                    counters.release(asks, lease.clone());
                }
            }
        }
    }
}

impl State {
    fn of(meters: &[Meter], told: &[Told]) -> Self {
        let least = |counted: Counted| {
            let own = meters.iter().zip(told).filter(|(meter, _)| meter.name.counted == counted);
            let left = |(meter, told): (&Meter, &Told)| Left {
                limit: meter.limit,
                remaining: told.remaining,
                reset: told.reset,
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
