//! Whether the database is there, as far as is known.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lattice_store::StoreError;
use tokio::sync::Notify;

/// Whether the database can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// It has not been opened yet.
    Opening,
    /// It is there.
    There,
    /// It is away, for this reason, and is tried again.
    Away(String),
    /// This program cannot work with what is there, for this reason.
    Unusable(String),
}

/// What is known of the database.
#[derive(Debug)]
pub(crate) struct Health {
    condition: Mutex<Condition>,
    /// Somebody found that it is away.
    pub(crate) lost: Notify,
    /// The condition is another one.
    pub(crate) changed: Notify,
}

impl Health {
    pub(crate) fn new() -> Self {
        Self { condition: Mutex::new(Condition::Opening), lost: Notify::new(), changed: Notify::new() }
    }

    pub(crate) fn condition(&self) -> Condition {
        self.locked().clone()
    }

    /// Takes another condition over; whether it is another one.
    pub(crate) fn set(&self, condition: Condition) -> bool {
        let mut known = self.locked();
        let is_new = *known != condition;
        *known = condition;
        drop(known);
        self.changed.notify_waiters();
        is_new
    }

    /// Ready, or why not.
    pub(crate) fn ready(&self) -> Result<(), StoreError> {
        match &*self.locked() {
            Condition::There => Ok(()),
            Condition::Opening => Err(StoreError::Unavailable("it is being opened".to_owned())),
            Condition::Away(why) | Condition::Unusable(why) => Err(StoreError::Unavailable(why.clone())),
        }
    }

    /// Notes an error that tells that the database is away.
    pub(crate) fn note(&self, error: &StoreError) {
        let StoreError::Unavailable(why) = error else { return };
        let mut known = self.locked();
        if *known == Condition::There {
            *known = Condition::Away(why.clone());
            drop(known);
            self.lost.notify_one();
        }
    }

    fn locked(&self) -> MutexGuard<'_, Condition> {
        self.condition.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
