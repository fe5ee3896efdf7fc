//! The stores in the process's memory: for tests, and gone with it.

mod conversations;
mod responses;

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::StoreError;
use crate::owner::Reach;
use crate::responses::NewResponse;

/// Everything in memory.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    responses: Vec<NewResponse>,
    conversations: Vec<conversations::Held>,
    /// Nothing can be read or written, as if the database were away.
    is_away: bool,
}

impl Memory {
    /// Lets the store be away, or come back.
    pub fn set_away(&self, is_away: bool) {
        self.kept().is_away = is_away;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept, while the store is there.
    fn open(&self) -> Result<MutexGuard<'_, Kept>, StoreError> {
        let kept = self.kept();
        if kept.is_away {
            return Err(StoreError::Unavailable("it was sent away".to_owned()));
        }
        Ok(kept)
    }
}

impl Kept {
    fn response(&self, reach: &Reach, id: &str) -> Option<&NewResponse> {
        self.responses.iter().find(|one| one.id == id && reach.covers(&one.owner))
    }
}

/// Whether something that expires then is still there.
fn is_live(expires_at: Option<i64>, now: i64) -> bool {
    expires_at.is_none_or(|at| at > now)
}
