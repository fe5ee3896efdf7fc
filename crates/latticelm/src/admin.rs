//! The administration from the command line: the same API as over HTTP, of a gateway elsewhere or on this machine's own database.

mod cli;
mod run;
mod table;
mod way;

pub(crate) use cli::{AuditArgs, KeysCommand, TenantsCommand, UsersCommand};
pub(crate) use run::{audit, keys, tenants, users};
