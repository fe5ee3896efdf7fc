//! The file as it is written: one field per section.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::auth::RawAuth;
use crate::conversations::RawConversations;
use crate::database::RawDatabase;
use crate::limits::{RawLimit, RawRateLimit};
use crate::logging::RawLogging;
use crate::models::RawModel;
use crate::planned::Planned;
use crate::providers::RawProviders;
use crate::routing::RawRouting;
use crate::server::RawServer;
use crate::tenants::RawTenant;
use crate::timeouts::RawTimeouts;

/// The configuration of latticelm.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "latticelm configuration")]
pub(crate) struct File {
    /// The gateway's own HTTP server.
    pub(crate) server: Option<RawServer>,
    /// What the gateway writes to its log.
    pub(crate) logging: Option<RawLogging>,
    /// The providers, each under a name of your choice. Two entries of one type share nothing.
    pub(crate) providers: Option<RawProviders>,
    /// The models that clients can ask for, in the order in which they are listed.
    pub(crate) models: Option<Vec<RawModel>>,
    /// What happens to models that are not declared.
    pub(crate) routing: Option<RawRouting>,
    /// How long to wait for providers; an entry's own `timeouts` come first.
    pub(crate) timeouts: Option<RawTimeouts>,
    /// Who may call the gateway.
    pub(crate) auth: Option<RawAuth>,
    /// Tenants that stand in this file; others are kept in the database.
    pub(crate) tenants: Option<Vec<RawTenant>>,
    /// Stored responses and conversations.
    pub(crate) conversations: Option<RawConversations>,
    /// Where what is stored is kept. Changes here need a restart.
    pub(crate) database: Option<RawDatabase>,
    /// How much may be asked for, by whom.
    pub(crate) limits: Option<Vec<RawLimit>>,
    /// A pace for each address.
    pub(crate) rate_limit: Option<RawRateLimit>,
    /// Metrics and traces. Not available yet.
    pub(crate) observability: Option<Planned>,
    /// The web interface. Not available yet.
    pub(crate) ui: Option<Planned>,
}

/// The JSON Schema of the configuration file, for editors.
pub fn schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::default().with(|settings| {
        // The shape check and the reference walk the schema, which is simpler where nothing stands elsewhere.
        settings.inline_subschemas = true;
    });
    settings.into_generator().into_root_schema_for::<File>().to_value()
}
