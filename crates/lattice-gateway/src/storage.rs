//! What the gateway remembers, for how long, and where.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use lattice_model::{Fault, FaultKind};
use lattice_store::{Store, StoreError};

use crate::error::Error;

/// A hundred years, in seconds: longer times are as long as this.
const LONGEST: i64 = 100 * 365 * 24 * 3600;

/// When to come again where the store is away.
const AGAIN: Duration = Duration::from_secs(2);

/// How long things are remembered. Times are whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Whether a response is stored where the client does not say.
    pub store_by_default: bool,
    /// How long something is kept where the client does not say; for good, where nothing is said.
    pub ttl: Option<u64>,
    /// The longest that a client may ask for; for good, where nothing is said.
    pub max_ttl: Option<u64>,
}

/// The store, and the rules for it.
#[derive(Debug)]
pub struct Storage {
    pub(crate) store: Arc<dyn Store>,
    retention: ArcSwap<Retention>,
}

impl Storage {
    /// A store under these rules.
    pub fn new(store: Arc<dyn Store>, retention: Retention) -> Self {
        Self { store, retention: ArcSwap::from_pointee(retention) }
    }

    /// The rules that hold now.
    pub fn retention(&self) -> Retention {
        **self.retention.load()
    }

    /// Puts other rules in place. What is stored keeps those that it was stored under.
    pub fn replace_retention(&self, retention: Retention) {
        self.retention.store(Arc::new(retention));
    }

    /// When something that is made now ends: the client's wish, in seconds from then, 0 for never, or else what is usual.
    pub(crate) fn expires_at(&self, created_at: i64, wish: Option<u64>) -> Result<Option<i64>, Error> {
        Ok(self.ttl(wish)?.map(|ttl| created_at.saturating_add(ttl)))
    }

    /// How long something is kept, in seconds: the client's wish, 0 for ever, or else what is usual.
    pub(crate) fn ttl(&self, wish: Option<u64>) -> Result<Option<i64>, Error> {
        let retention = self.retention();
        let ttl = match wish {
            None => retention.ttl,
            Some(wish) => {
                let wish = (wish > 0).then_some(wish);
                if let Some(most) = retention.max_ttl
                    && wish.is_none_or(|wish| wish > most)
                {
                    let message = format!("must be from 1 to {most} here; 0 would be for ever");
                    return Err(Error::new(FaultKind::InvalidRequest, "invalid_value", message)
                        .with_param("expires_after.seconds"));
                }
                wish
            }
        };
        Ok(ttl.map(|ttl| i64::try_from(ttl).unwrap_or(i64::MAX).min(LONGEST)))
    }
}

/// What a store's error is to the turn.
pub(crate) fn fault(error: &StoreError) -> Fault {
    let fault = Fault::new(FaultKind::Storage).with_detail(error.to_string());
    match error {
        StoreError::Unavailable(_) => Fault { after: Some(AGAIN), ..fault },
        StoreError::TooLarge(limit) => Fault::new(FaultKind::TooLarge).with_message(format!(
            "the stored conversation holds more than {limit} bytes; begin a new one, or send what matters of it"
        )),
        StoreError::Gone(_) => Fault::new(FaultKind::NotStored)
            .with_code("conversation_not_found")
            .with_message("the conversation was deleted, or has expired, while the answer was made; it was not stored"),
        StoreError::Refused(_) => fault.with_message("the gateway could not store the response"),
        StoreError::Unreadable(_) => Fault::new(FaultKind::Unreadable).with_detail(error.to_string()),
    }
}

/// The same before an answer has begun.
pub(crate) fn error(error: &StoreError) -> Error {
    Error::of(&fault(error), None)
}

/// A conversation that is not there.
pub(crate) fn no_conversation(id: &str) -> Error {
    let shown: String = id.chars().take(80).collect();
    let message = format!("there is no stored conversation `{shown}`, or it has expired");
    Error::new(FaultKind::NotStored, "conversation_not_found", message)
}
