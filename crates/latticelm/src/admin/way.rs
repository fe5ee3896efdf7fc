//! The two ways to the API: over HTTP to a gateway, or to the gateway's own routes in this process, on the database of this machine.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Method, Request, header};
use lattice_auth::{Authenticator, Bounds, Key, KeyHash, KeyName, Principal, Role};
use lattice_config::{Config, Environment, Source};
use lattice_gateway::{Directory, Gateway};
use lattice_server::App;
use lattice_sql::Database;
use lattice_store::Owner;
use lattice_transport::{Client, Proxy, Surroundings, SystemProxies, Transport};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::cli::Where;
use crate::clock::{RealClock, wall_clock};
use crate::identity::Identity;
use crate::request_log::Silent;
use crate::storage;

/// A way to the API.
pub(super) enum Way {
    Remote { client: Box<Client>, url: String, key: SecretString },
    Local { app: Arc<App>, database: Arc<Database>, key: SecretString },
}

/// What a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    /// What is there already.
    Read,
    /// Something new; the database is made for it where there is none.
    Make,
}

impl Way {
    /// As the command line says.
    pub(super) async fn open(
        place: &Where,
        environment: &Environment,
        intent: Intent,
    ) -> anyhow::Result<Self> {
        match &place.url {
            Some(url) => remote(url, place.key.as_deref(), environment),
            None => local(place, environment, intent).await,
        }
    }

    /// Asks, and reads the answer; an error of the API's is one.
    pub(super) async fn ask(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let text = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let (address, key) = match self {
            Self::Remote { url, key, .. } => (format!("{url}{path}"), key),
            Self::Local { key, .. } => (path.to_owned(), key),
        };
        let request = Request::builder()
            .method(method.clone())
            .uri(address)
            .header(header::AUTHORIZATION, format!("Bearer {}", key.expose_secret()))
            .header(header::CONTENT_TYPE, "application/json")
            .body(text)
            .context("the address or the key cannot be sent")?;
        let (status, body) = match self {
            Self::Remote { client, .. } => {
                let answer = client.send(request).await.map_err(|error| anyhow!(error))?;
                (answer.status, answer.body)
            }
            Self::Local { app, .. } => {
                let answer = lattice_server::call(app, request).await;
                (answer.status(), answer.into_body())
            }
        };
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status.is_success() {
            return Ok(answer);
        }
        let said = |name: &str| answer.pointer(&format!("/error/{name}")).and_then(Value::as_str);
        match (said("message"), said("code")) {
            (Some(message), Some(code)) => bail!("{message} ({code})"),
            _ => bail!("the gateway answered with status {status}"),
        }
    }

    /// Leaves everything as it should be.
    pub(super) async fn close(self) {
        if let Self::Local { database, .. } = self {
            database.close().await;
        }
    }
}

fn remote(url: &str, key: Option<&str>, environment: &Environment) -> anyhow::Result<Way> {
    let key = key.or_else(|| environment.get("LATTICELM_ADMIN_KEY"));
    let key = key.context("a key is needed: --key, or the variable LATTICELM_API_KEY")?;
    let variable = |name: &str| environment.get(name).map(str::to_owned);
    let transport =
        Transport::new(Surroundings::from_variables(variable, wall_clock)).context("TLS cannot be set up")?;
    let client = transport.client(&Proxy::System(SystemProxies::from_variables(variable)));
    Ok(Way::Remote {
        client: Box::new(client),
        url: url.trim_end_matches('/').to_owned(),
        key: SecretString::from(key),
    })
}

/// Whoever can read the database of this machine can do everything with it anyway.
async fn local(place: &Where, environment: &Environment, intent: Intent) -> anyhow::Result<Way> {
    let mut environment = environment.clone();
    if let Some(folder) = &place.data_dir {
        environment = storage::in_folder(environment, folder);
    }
    let source = Source::find(place.config.clone(), &environment, Path::new("."));
    let settings = lattice_config::load(&source, &environment).context("the configuration is wrong")?;
    if let lattice_config::Database::File(file) = &settings.database
        && intent == Intent::Read
        && !file.exists()
    {
        bail!("there is no database at {}", file.display());
    }
    let database = storage::open_for_administration(&settings).await?;
    let (key, _) = lattice_auth::mint().map_err(|_| anyhow!("the machine has no randomness to give"))?;
    let app = Arc::new(app(&settings, &database, &key));
    Ok(Way::Local { app, database, key })
}

fn app(settings: &Config, database: &Arc<Database>, key: &SecretString) -> App {
    let identity = Identity::new(database, settings);
    let name: Arc<str> = "command-line".into();
    let owner = Owner { tenant: "default".into(), issuer: "".into(), subject: Arc::clone(&name) };
    let principal = Principal {
        owner,
        role: Role::Operator,
        user: None,
        key: Some(KeyName { id: Arc::clone(&name), name }),
        bounds: Bounds::default(),
    };
    let key = Key { hash: KeyHash::of(key), principal: Arc::new(principal) };
    let server = &settings.server;
    App {
        gateway: Gateway::new(Directory::default(), Arc::new(RealClock), Arc::new(Silent)),
        max_request_body_size: server.max_request_body_size,
        body_timeout: server.body_read_timeout,
        heartbeat: server.heartbeat,
        cors: None,
        version: env!("CARGO_PKG_VERSION"),
        allowed_hosts: Vec::new(),
        public_url: None,
        is_tls: false,
        trusted_proxies: Vec::new(),
        admin_ip_ranges: Vec::new(),
        administration: Some(identity.administration),
        authenticator: ArcSwap::from_pointee(Authenticator::new([key], None)),
        storage: None,
        stopping: CancellationToken::new(),
        cut_streams: CancellationToken::new(),
    }
}
