//! The stores on SQLite and PostgreSQL.
//!
//! Invariants: the only crate that knows sqlx. The same statements run on both; where they cannot, each has its own beside the other's.
//! A [`Database`] is there at once, whether the real one is or not: it is opened, migrated and watched behind it, and tried again when
//! it is away.

mod additions;
mod changes;
mod conversations;
mod database;
mod error;
mod filter;
mod health;
mod insert;
mod keyring;
mod place;
#[cfg(test)]
mod plans;
mod pools;
mod records;
mod responses;
mod schema;
mod sessions;
mod shared;
mod sweep;
mod writer;

pub use database::Database;
pub use health::Condition;
pub use keyring::Keyring;
pub use place::Place;
