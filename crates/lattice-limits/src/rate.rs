//! A rate, decided by the generic cell rate algorithm: one number is kept for each subject, the time at which it has nothing left to wait for.

use std::time::Duration;

/// So much in a time, and how much of it at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Between two at an even pace, in microseconds; at least 1.
    interval: i64,
    /// How far ahead of an even pace a subject may be, in microseconds.
    ahead: i64,
}

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may; this is to be kept for the subject.
    Fine {
        /// In microseconds, like the time that was given.
        until: i64,
    },
    /// It may not, for so long.
    Wait(Duration),
}

impl Rate {
    /// `count` in `window`, of which `burst` may come at once. Nothing can be asked of 0: it counts as 1.
    pub fn new(count: u32, window: Duration, burst: u32) -> Self {
        let window = i64::try_from(window.as_micros()).unwrap_or(i64::MAX);
        let interval = window.checked_div(i64::from(count.max(1))).unwrap_or(window).max(1);
        Self { interval, ahead: interval.saturating_mul(i64::from(burst.max(1))) }
    }

    /// Microseconds between two at an even pace, and how far ahead of it a subject may be.
    pub fn parts(self) -> (i64, i64) {
        (self.interval, self.ahead)
    }

    /// How many more fit at the time `now`; `until` is what is kept.
    pub fn remaining(self, until: i64, now: i64) -> u64 {
        let ahead = until.saturating_sub(now).max(0);
        let free = self.ahead.saturating_sub(ahead).max(0);
        u64::try_from(free.checked_div(self.interval).unwrap_or_default()).unwrap_or_default()
    }

    /// Decides on `cost` at the time `now`, in microseconds; `until` is what was kept for the subject, if anything was.
    pub fn decide(self, until: Option<i64>, now: i64, cost: u32) -> Verdict {
        let paid =
            until.unwrap_or(now).max(now).saturating_add(self.interval.saturating_mul(i64::from(cost)));
        let over = paid.saturating_sub(now).saturating_sub(self.ahead);
        if over > 0 {
            return Verdict::Wait(Duration::from_micros(u64::try_from(over).unwrap_or_default()));
        }
        Verdict::Fine { until: paid }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_an_even_pace() {
        let rate = Rate::new(60, Duration::from_mins(1), 3);
        let mut until = None;
        for _ in 0..3 {
            let Verdict::Fine { until: kept } = rate.decide(until, 0, 1) else { panic!("within the burst") };
            until = Some(kept);
        }
        assert_eq!(rate.decide(until, 0, 1), Verdict::Wait(Duration::from_secs(1)));
        assert!(matches!(rate.decide(until, 1_000_000, 1), Verdict::Fine { .. }));
    }

    proptest! {
        #[test]
        fn never_more_than_the_burst_and_the_pace(
            count in 1_u32..1000, burst in 1_u32..50, steps in prop::collection::vec(0_i64..100_000, 1..300),
        ) {
            let window = Duration::from_secs(1);
            let rate = Rate::new(count, window, burst);
            let (mut until, mut now, mut passed) = (None, 0_i64, 0_i64);
            for step in steps {
                now += step;
                if let Verdict::Fine { until: kept } = rate.decide(until, now, 1) {
                    until = Some(kept);
                    passed += 1;
                }
                let interval = (1_000_000 / i64::from(count)).max(1);
                prop_assert!(passed <= i64::from(burst) + now / interval);
            }
        }
    }
}
