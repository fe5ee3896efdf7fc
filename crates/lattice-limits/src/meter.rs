//! What is counted, and how each count is decided.

use std::sync::Arc;
use std::time::Duration;

use crate::rate::{Rate, Verdict};
use crate::rule::{Bound, Level};
use crate::shared::{Ask, Pacing};

/// Microseconds of a second, a minute and a day.
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 86_400 * SECOND;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counted {
    /// Requests.
    Requests,
    /// Tokens, in and out.
    Tokens,
    /// Requests that are under way.
    Concurrency,
}

/// How it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// At an even pace, with a burst.
    Even(Rate),
    /// In a minute from the first one on.
    Minute,
    /// In a day, UTC.
    Day,
    /// In a month, UTC.
    Month,
    /// At the same time.
    AtOnce,
}

/// A count: of one limit, for one subject.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    pub(crate) name: Name,
    pub(crate) level: Level,
    pub(crate) limit: u64,
    pub(crate) pace: Pace,
}

/// What a count is found by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    rule: Arc<str>,
    subject: Arc<str>,
    pub(crate) counted: Counted,
    pace: u8,
}

/// What is kept of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// See [`Rate`].
    Until(i64),
    /// So much in a window that ends then, in microseconds since 1970.
    Used { amount: u64, ends: i64 },
    /// So many under way.
    Held(u64),
}

/// What a count says to one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// What it is then, or why not: how long to wait.
    pub(crate) next: Result<Count, Duration>,
    /// How much is left then.
    pub(crate) remaining: u64,
    /// Until all of it is there again.
    pub(crate) reset: Duration,
}

impl Meter {
    /// All counts of a limit.
    pub(crate) fn of(bound: &Bound) -> Vec<Self> {
        let numbers = &bound.numbers;
        let mut burst = numbers.burst;
        let mut meters = Vec::new();
        let mut add = |limit: Option<u64>, counted, pace: &mut dyn FnMut(u64) -> (Pace, u8)| {
            let Some(limit) = limit else { return };
            let (pace, number) = pace(limit);
            let name = Name {
                rule: Arc::clone(&bound.id),
                subject: Arc::clone(&bound.subject),
                counted,
                pace: number,
            };
            meters.push(Self { name, level: bound.level, limit, pace });
        };
        let even = |limit: u64, window, burst: u64| {
            let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
            Pace::Even(Rate::new(number(limit), window, number(burst)))
        };
        add(numbers.requests_per_second, Counted::Requests, &mut |limit| {
            (even(limit, Duration::from_secs(1), burst.take().unwrap_or(limit)), 0)
        });
        add(numbers.requests_per_minute, Counted::Requests, &mut |limit| match burst.take() {
            Some(burst) => (even(limit, Duration::from_mins(1), burst), 1),
            None => (Pace::Minute, 2),
        });
        add(numbers.requests_per_day, Counted::Requests, &mut |_| (Pace::Day, 3));
        add(numbers.tokens_per_minute, Counted::Tokens, &mut |_| (Pace::Minute, 4));
        add(numbers.tokens_per_day, Counted::Tokens, &mut |_| (Pace::Day, 5));
        add(numbers.tokens_per_month, Counted::Tokens, &mut |_| (Pace::Month, 6));
        add(numbers.concurrency, Counted::Concurrency, &mut |_| (Pace::AtOnce, 7));
        meters
    }

    /// Looks whether so much more fits at the time `now`, in microseconds since 1970.
    pub(crate) fn look(&self, count: Option<Count>, now: i64, cost: u64) -> Look {
        match self.pace {
            Pace::Even(rate) => self.even(rate, count, now, cost),
            Pace::AtOnce => {
                let held = if let Some(Count::Held(held)) = count { held } else { 0 };
                let fits = held < self.limit;
                let next = if fits { Ok(Count::Held(held.saturating_add(1))) } else { Err(AGAIN) };
                let remaining = self.limit.saturating_sub(held).saturating_sub(u64::from(fits));
                Look { next, remaining, reset: AGAIN }
            }
            Pace::Minute | Pace::Day | Pace::Month => {
                let (amount, ends) = match count {
                    Some(Count::Used { amount, ends }) if ends > now => (amount, ends),
                    _ => (0, self.ends(now)),
                };
                let wait = micros(ends.saturating_sub(now));
                // More than ever fits is let through when nothing else was.
                let cost = cost.min(self.limit);
                let total = amount.saturating_add(cost);
                let fits = total <= self.limit && self.limit > 0;
                let next = if fits { Ok(Count::Used { amount: total, ends }) } else { Err(wait) };
                let used = if fits { total } else { amount };
                Look { next, remaining: self.limit.saturating_sub(used), reset: wait }
            }
        }
    }

    /// As a store that is shared keeps it.
    pub(crate) fn ask(&self, tokens: u64) -> Ask {
        let pacing = match self.pace {
            Pace::Even(rate) => {
                let (interval, ahead) = rate.parts();
                Pacing::Even { interval, ahead }
            }
            Pace::Minute => Pacing::Minute,
            Pace::Day => Pacing::Day,
            Pace::Month => Pacing::Month,
            Pace::AtOnce => Pacing::AtOnce,
        };
        let Name { rule, subject, pace, .. } = &self.name;
        let cost = if self.name.counted == Counted::Tokens { tokens } else { 1 };
        Ask { name: format!("{rule}:{pace}:{subject}"), pacing, limit: self.limit, cost }
    }

    /// In which time its limit is; empty for what is under way.
    pub(crate) fn per(&self) -> &'static str {
        match (self.name.pace, self.pace) {
            (0, _) => "second",
            (_, Pace::Even(_) | Pace::Minute) => "minute",
            (_, Pace::Day) => "day",
            (_, Pace::Month) => "month",
            (_, Pace::AtOnce) => "",
        }
    }

    fn even(&self, rate: Rate, count: Option<Count>, now: i64, cost: u64) -> Look {
        let until = if let Some(Count::Until(until)) = count { Some(until) } else { None };
        let cost = u32::try_from(cost).unwrap_or(u32::MAX);
        let verdict = if self.limit == 0 {
            Verdict::Wait(Duration::from_secs(1))
        } else {
            rate.decide(until, now, cost)
        };
        let (next, kept) = match verdict {
            Verdict::Fine { until } => (Ok(Count::Until(until)), until),
            Verdict::Wait(wait) => (Err(wait), until.unwrap_or(now)),
        };
        Look { next, remaining: rate.remaining(kept, now), reset: micros(kept.saturating_sub(now)) }
    }

    /// When a window that begins now ends.
    fn ends(&self, now: i64) -> i64 {
        match self.pace {
            Pace::Day => now.div_euclid(DAY).saturating_add(1).saturating_mul(DAY),
            Pace::Month => next_month(now),
            _ => now.saturating_add(MINUTE),
        }
    }

    /// What a count is when the real cost is known.
    pub(crate) fn settled(&self, count: Count, now: i64, reserved: u64, cost: u64) -> Count {
        match count {
            Count::Used { amount, ends } if ends > now => {
                let amount = amount.saturating_sub(reserved.min(self.limit)).saturating_add(cost);
                Count::Used { amount, ends }
            }
            other => other,
        }
    }
}

impl Count {
    /// Whether nobody will ask for it again.
    pub(crate) fn is_over(self, now: i64) -> bool {
        match self {
            Self::Until(end) | Self::Used { ends: end, .. } => end <= now,
            Self::Held(held) => held == 0,
        }
    }
}

/// When to come again where something has to end first, and nobody knows when.
const AGAIN: Duration = Duration::from_secs(1);

fn micros(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

/// The first moment of the next month, UTC.
fn next_month(now: i64) -> i64 {
    let Ok(time) = time::OffsetDateTime::from_unix_timestamp(now.div_euclid(SECOND)) else { return i64::MAX };
    let (year, month) = match time.month() {
        time::Month::December => (time.year().saturating_add(1), time::Month::January),
        month => (time.year(), month.next()),
    };
    let begin = time::Date::from_calendar_date(year, month, 1).map(time::Date::midnight);
    begin.map_or(i64::MAX, |begin| begin.assume_utc().unix_timestamp().saturating_mul(SECOND))
}
