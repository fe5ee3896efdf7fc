//! How often somebody may be wrong (A7): by address, so that nobody can try keys, or keep the database busy, for long.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lattice_limits::{Rate, Verdict};

/// Wrong credentials from one address: as many at once, and as many in a minute.
const PER_MINUTE: u32 = 200;

/// Addresses that are remembered at most.
const REMEMBERED: usize = 100_000;

/// Who has been wrong lately.
#[derive(Debug)]
pub(crate) struct Attempts {
    rate: Rate,
    until: Mutex<HashMap<IpAddr, i64>>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { rate: Rate::new(PER_MINUTE, Duration::from_mins(1), PER_MINUTE), until: Mutex::default() }
    }
}

impl Attempts {
    /// How long an address that has been wrong too often has to wait; `now` in seconds.
    pub(crate) fn wait(&self, address: Option<IpAddr>, now: i64) -> Option<Duration> {
        let known = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let until = *known.get(&network(address?))?;
        match self.rate.decide(Some(until), micros(now), 1) {
            Verdict::Fine { .. } => None,
            Verdict::Wait(wait) => Some(wait),
        }
    }

    /// An address was wrong.
    pub(crate) fn note(&self, address: Option<IpAddr>, now: i64) {
        let Some(address) = address.map(network) else { return };
        let now = micros(now);
        let mut known = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.retain(|_, until| *until > now);
        }
        if known.len() >= REMEMBERED {
            // So many at once are no single somebody.
            return;
        }
        if let Verdict::Fine { until } = self.rate.decide(known.get(&address).copied(), now, 1) {
            known.insert(address, until);
        }
    }
}

fn micros(seconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000)
}

/// Whoever has an IPv6 address has a whole network of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a7_who_is_wrong_too_often_waits_and_others_do_not() {
        let attempts = Attempts::default();
        let address = |text: &str| Some(text.parse().unwrap());
        for _ in 0..PER_MINUTE {
            assert_eq!(attempts.wait(address("2001:db8::1"), 100), None);
            attempts.note(address("2001:db8::1"), 100);
        }
        assert!(attempts.wait(address("2001:db8::1"), 100).is_some());
        assert!(attempts.wait(address("2001:db8::2"), 100).is_some(), "the same network");
        assert_eq!(attempts.wait(address("2001:db8:1::1"), 100), None);
        assert_eq!(attempts.wait(address("192.0.2.1"), 100), None);
        assert_eq!(attempts.wait(address("2001:db8::1"), 101), None, "a pace of more than three in a second");
        assert_eq!(attempts.wait(None, 100), None);
    }
}
