//! The configuration once it is right.

use crate::auth::Auth;
use crate::conversations::Conversations;
use crate::database::Database;
use crate::encryption::EncryptionKeys;
use crate::limits::{Counting, LimitEntry};
use crate::logging::Logging;
use crate::models::ModelEntry;
use crate::providers::ProviderEntry;
use crate::routing::Prefix;
use crate::server::Server;
use crate::source::Source;
use crate::tenants::TenantEntry;
use crate::watch::Seen;

/// The configuration once it is right: nothing in it has to be checked again.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it comes from.
    pub source: Source,
    /// The gateway's own HTTP server.
    pub server: Server,
    /// What is written to the log.
    pub logging: Logging,
    /// The providers, at least one, in the order of the file.
    pub providers: Vec<ProviderEntry>,
    /// The models, each with a name of its own and a provider that exists.
    pub models: Vec<ModelEntry>,
    /// Where models that are not declared go, by the start of their names.
    pub prefixes: Vec<Prefix>,
    /// Who may call.
    pub auth: Auth,
    /// How much may be asked for, by whom.
    pub limits: Vec<LimitEntry>,
    /// Where that is counted.
    pub counting: Counting,
    /// The tenants that the file owns.
    pub tenants: Vec<TenantEntry>,
    /// What is remembered; nothing, where it is switched off.
    pub conversations: Option<Conversations>,
    /// Where it is kept.
    pub database: Database,
    /// What encrypts it.
    pub encryption: EncryptionKeys,
    /// What the operator should know and may have overlooked, a line each. Nothing is secret in them.
    pub notices: Vec<String>,
    /// The files that were read, to be watched.
    pub seen: Vec<Seen>,
}

impl Config {
    /// The entry of this name.
    pub fn provider(&self, name: &str) -> Option<&ProviderEntry> {
        self.providers.iter().find(|entry| entry.settings.name() == name)
    }
}
