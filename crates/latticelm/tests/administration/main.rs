//! The administration over HTTP: tenants, users, keys and the log, by every role.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "tests")]

mod command_line;
mod keys;
mod roles;
mod rules;
mod running;
mod stage;
