//! The administration: who may do what to tenants, users and keys, and what is written down of it.
//!
//! Invariants: knows no HTTP framework and no SQL; every change is checked whole, follows the one that was there when it was checked, and
//! stands in the log with what was before and after it; no answer and no line of the log holds a secret, but for a new key, once.

mod actor;
mod change;
mod declared;
mod fields;
mod keys;
mod limits;
mod log;
mod page;
mod refusal;
mod repeat;
mod sessions;
mod tenants;
mod times;
mod users;
mod welcome;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use lattice_auth::Registry;
use lattice_store::{Records, StoreError};
use serde_json::{Value, json};

pub use actor::{Actor, Named};
pub use declared::{Declared, DeclaredKey, DeclaredLimit, DeclaredTenant};
pub use refusal::{Reason, Refusal};

/// The administration.
#[derive(Debug)]
pub struct Administration {
    records: Arc<dyn Records>,
    registry: Arc<Registry>,
    declared: ArcSwap<Declared>,
    /// How often it was put in place.
    declarations: AtomicU64,
    /// 32 hexadecimal digits that are given out once.
    ids: fn() -> String,
    /// Whoever changes something here has it.
    turn: tokio::sync::Mutex<()>,
}

/// An answer: an object as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The object.
    pub body: Value,
    /// How often it was written, where it is known.
    pub version: Option<i64>,
    /// It was made just now.
    pub is_new: bool,
}

impl Administration {
    /// Over these records, with what the configuration declares. `registry` learns of every change; `ids` gives out 32 hexadecimal digits,
    /// each time others, later ones behind earlier ones.
    pub fn new(
        records: Arc<dyn Records>,
        registry: Arc<Registry>,
        declared: Declared,
        ids: fn() -> String,
    ) -> Self {
        Self {
            records,
            registry,
            declared: ArcSwap::from_pointee(declared),
            declarations: AtomicU64::new(1),
            ids,
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Puts another configuration's declarations in place.
    pub fn replace_declared(&self, declared: Declared) {
        self.declared.store(Arc::new(declared));
        self.declarations.fetch_add(1, Ordering::AcqRel);
    }

    /// How often declarations were put in place.
    pub fn declarations(&self) -> u64 {
        self.declarations.load(Ordering::Acquire)
    }
}

impl Answer {
    fn of(body: Value) -> Self {
        let version = body.get("version").and_then(Value::as_i64);
        Self { body, version, is_new: false }
    }

    /// As it is kept for a request that is sent again.
    fn to_keep(&self) -> Value {
        json!({"is_new": self.is_new, "body": self.body})
    }

    /// As it was kept.
    fn read(kept: &Value) -> Result<Self, Refusal> {
        let body = kept.get("body").cloned();
        let body = body.ok_or_else(|| Refusal::of_store(&StoreError::Unreadable("an answer".to_owned())))?;
        let is_new = kept.get("is_new").and_then(Value::as_bool).unwrap_or_default();
        Ok(Self { is_new, ..Self::of(body) })
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::of_store(&error)
    }
}
