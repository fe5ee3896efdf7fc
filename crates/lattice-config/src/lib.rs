//! The configuration: a file and the environment, read once into [`Config`] that cannot be wrong.
//!
//! Invariants: the only crate that reads the environment; whatever is wrong is said at once, with file, line and key; no
//! error and no `Debug` shows a secret. One file per section. [`load()`] is the way through:
//! YAML to a tree with places (`yaml`), `${VAR}` (`expand`), `LATTICELM__...` (`overrides`), what is not available (`planned`),
//! the tree against the schema (`shape`), then each section's own check.

mod environment;
mod load;
mod source;
mod zero;

mod expand;
mod overrides;
mod planned;
mod shape;
mod yaml;

mod auth;
mod conversations;
mod database;
mod encryption;
mod file;
mod issuers;
mod limits;
mod logging;
mod models;
mod providers;
mod proxy;
mod routing;
mod server;
mod tenants;
mod timeouts;

mod closest;
mod context;
mod error;
mod path;
mod tree;
mod value;

mod config;
mod reference;
mod summary;
mod watch;

#[cfg(test)]
mod tests;

pub use auth::{ApiKey, Auth};
pub use config::Config;
pub use conversations::Conversations;
pub use database::Database;
pub use encryption::EncryptionKeys;
pub use environment::Environment;
pub use error::{ConfigError, ConfigErrors};
pub use file::schema;
pub use limits::{Counting, LimitEntry};
pub use load::load;
pub use logging::{Format, Level, Logging};
pub use models::ModelEntry;
pub use providers::{ProviderEntry, Transport};
pub use proxy::{Proxy, ProxyAddress};
pub use reference::reference;
pub use routing::Prefix;
pub use server::{Cors, Server, Tls, parse_address};
pub use source::{DEFAULT_FILES, Source};
pub use summary::check;
pub use tenants::TenantEntry;
pub use timeouts::Timeouts;
pub use tree::Origin;
pub use watch::{Seen, Watch};
