//! Whether the caller may spend anything, and what is held for the turn while it runs.

use std::sync::Arc;
use std::time::Duration;

use lattice_limits::{Counted, Denied, Limiter, Refused, State, Subject};
use lattice_model::{FaultKind, Item, Turn, Usage};

use crate::asked::Caller;
use crate::clock::Clock;
use crate::count;
use crate::error::Error;

/// Output that a turn is taken to need where it does not say.
const OUTPUT: u64 = 512;

/// When to come again where nobody can tell.
const AGAIN: Duration = Duration::from_secs(2);

/// What is held for a turn; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    held: lattice_limits::Permit,
    clock: Arc<dyn Clock>,
    input: u64,
    /// Somebody has taken it: it costs what it costs.
    is_spent: bool,
}

/// Admits a turn, or says how long it has to wait.
pub(crate) async fn admit(
    limiter: &Limiter,
    caller: &Caller,
    turn: &Turn,
    clock: &Arc<dyn Clock>,
) -> Result<Permit, Error> {
    let mut input = 0;
    let tokens = || {
        input = count::estimate(turn);
        input.saturating_add(turn.max_output_tokens.unwrap_or(OUTPUT))
    };
    let held = limiter.admit(&subject(caller, turn), tokens, clock.instant()).await;
    let held = held.map_err(|denied| error(&denied))?;
    Ok(Permit { held, clock: Arc::clone(clock), input, is_spent: false })
}

/// Admits a request that asks no model.
pub(crate) async fn admit_count(
    limiter: &Limiter,
    caller: &Caller,
    turn: &Turn,
    clock: &Arc<dyn Clock>,
) -> Result<Permit, Error> {
    let held = limiter.admit(&subject(caller, turn), || 0, clock.instant()).await;
    let held = held.map_err(|denied| error(&denied))?;
    Ok(Permit { held, clock: Arc::clone(clock), input: 0, is_spent: false })
}

fn subject<'a>(caller: &'a Caller, turn: &'a Turn) -> Subject<'a> {
    Subject {
        tenant: &caller.owner.tenant,
        user: caller.user.as_deref(),
        key: caller.key.as_deref(),
        model: &turn.model,
        address: caller.address,
        own: caller.limits.as_deref(),
    }
}

impl Permit {
    /// How the limits stand.
    pub(crate) fn state(&self) -> State {
        self.held.state()
    }

    /// The provider has taken the turn: from now on it costs something.
    pub(crate) fn spend(&mut self) {
        self.is_spent = true;
    }

    /// What the turn has cost: as the provider told, or as far as can be seen (B4).
    pub(crate) fn settle(&mut self, usage: Option<&Usage>, output: &[Arc<Item>]) {
        let seen = || output.iter().map(|item| count::of_item(item)).fold(self.input, u64::saturating_add);
        let tokens = usage.map_or_else(seen, Usage::total_tokens);
        self.held.settle(tokens, self.clock.instant());
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.is_spent {
            self.held.settle(0, self.clock.instant());
        }
    }
}

fn error(denied: &Denied) -> Error {
    match denied {
        Denied::Reached(refused) => reached(refused),
        Denied::Unknown => {
            let message = "whether a limit is reached cannot be told at present; try again";
            let mut error = Error::new(FaultKind::Storage, "limiter_unavailable", message);
            error.retry_after = Some(AGAIN);
            error
        }
    }
}

fn reached(refused: &Refused) -> Error {
    let whose = match refused.level {
        lattice_limits::Level::Global => "of this gateway".to_owned(),
        level => format!("for this {}", if level.name() == "ip" { "address" } else { level.name() }),
    };
    let (code, what) = match refused.counted {
        Counted::Requests => ("rate_limit_exceeded", format!("{} requests a {}", refused.limit, refused.per)),
        Counted::Tokens => ("rate_limit_exceeded", format!("{} tokens a {}", refused.limit, refused.per)),
        Counted::Concurrency => {
            ("concurrency_limit_exceeded", format!("{} requests at the same time", refused.limit))
        }
    };
    let message = format!("the limit of {what} {whose} is reached; wait as long as `Retry-After` says");
    let mut error = Error::new(FaultKind::RateLimited, code, message);
    error.retry_after = Some(refused.wait);
    error.limits = Some(Box::new(refused.state));
    error
}
