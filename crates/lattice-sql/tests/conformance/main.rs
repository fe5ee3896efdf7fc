//! What every store has to do: the same tests on the one in memory, on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "tests")]

mod conversations;
mod encryption;
mod outages;
mod records;
mod responses;
mod schema;
mod sessions;
mod stage;
