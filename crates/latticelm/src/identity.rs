//! Who may call, as far as the database knows: followed while the gateway runs.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, header};
use lattice_admin::{Actor, Administration};
use lattice_auth::{Bounds, Fetch, Principal, Registry, Role, Sessions};
use lattice_config::{Config, Format};
use lattice_gateway::Clock;
use lattice_limits::Rules;
use lattice_server::App;
use lattice_sql::Database;
use lattice_store::{Bounded, Owner, Records};
use lattice_transport::Client;
use secrecy::{ExposeSecret, SecretString};

use crate::auth;
use crate::clock::RealClock;
use crate::output::print;

/// How often the database is asked whether anything has changed; one that tells by itself is listened to besides.
const ASKED: Duration = Duration::from_millis(400);

/// How often it is written down when keys were used.
const NOTED: Duration = Duration::from_secs(30);

/// How long a read or a change may take.
const ANSWER: Duration = Duration::from_secs(10);

/// What the database knows of callers, and their administration.
pub(crate) struct Identity {
    database: Arc<Database>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) administration: Arc<Administration>,
    format: Format,
}

impl Identity {
    pub(crate) fn new(database: &Arc<Database>, settings: &Config) -> Self {
        let records: Arc<dyn Records> = Arc::new(Bounded::new(Arc::clone(database), ANSWER));
        let registry = Arc::new(Registry::new(Arc::clone(&records)));
        let declared = auth::declared(settings);
        let administration =
            Arc::new(Administration::new(records, Arc::clone(&registry), declared, || RealClock.id()));
        Self { database: Arc::clone(database), registry, administration, format: settings.logging.format }
    }

    /// Those who sign in with a browser.
    pub(crate) fn sessions(&self, settings: &Config) -> Arc<Sessions> {
        let store = Arc::new(Bounded::new(Arc::clone(&self.database), ANSWER));
        let auth = &settings.auth;
        Arc::new(Sessions::new(store, auth.session_lifetime, auth.session_idle))
    }

    /// Looks once, before anybody comes; where the database is away, it is looked for later.
    pub(crate) async fn look(&self) {
        let _ = self.registry.refresh(RealClock.seconds()).await;
    }

    /// Follows what is changed, here and on other replicas, and notes what is used, for as long as it is polled.
    pub(crate) async fn follow(&self, app: &App) {
        tokio::join!(self.follow_changes(app), self.follow_uses());
    }

    async fn follow_changes(&self, app: &App) {
        let mut is_first_there = false;
        let mut limits = None;
        loop {
            // Where the database is away its own keeper says so.
            let is_there = self.registry.refresh(RealClock.seconds()).await.is_ok();
            let wanted = (self.registry.settings(), self.administration.declarations());
            if is_there && limits != Some(wanted) && self.limit(app).await {
                limits = Some(wanted);
            }
            if is_there && !is_first_there {
                is_first_there = self.first_key().await;
            }
            self.database.changed(ASKED).await;
        }
    }

    async fn follow_uses(&self) {
        loop {
            tokio::time::sleep(NOTED).await;
            self.note_uses().await;
        }
    }

    /// Takes the limits over as they are now; whether they could be read.
    async fn limit(&self, app: &App) -> bool {
        match self.administration.rules().await {
            Ok(rules) => {
                app.gateway.limiter().replace(Rules::new(rules));
                true
            }
            Err(refusal) => {
                tracing::warn!(detail = refusal.detail, "the limits could not be read; those before stay");
                false
            }
        }
    }

    /// Writes down when keys were used.
    pub(crate) async fn note_uses(&self) {
        if let Err(error) = self.registry.note_uses().await {
            tracing::debug!(%error, "when keys were used could not be written down; it is tried again");
        }
    }

    /// Makes an operator's key where nobody could get in to administer, and shows it once. Whether that is settled.
    async fn first_key(&self) -> bool {
        let owner = Owner { tenant: "default".into(), issuer: "".into(), subject: "system".into() };
        let system =
            Principal { owner, role: Role::Operator, user: None, key: None, bounds: Bounds::default() };
        let actor = Actor {
            principal: &system,
            address: None,
            request_id: "",
            now: RealClock.seconds(),
            new_id: RealClock.id(),
            named: None,
        };
        match self.administration.first_key(&actor).await {
            Ok(None) => true,
            Ok(Some(key)) => {
                if let Err(error) = show(&key, self.format) {
                    tracing::error!(
                        "the operator's key could not be shown: {error:#}; make another with `latticelm keys create`"
                    );
                }
                true
            }
            Err(refusal) => {
                tracing::debug!(
                    detail = refusal.detail,
                    "the operator's key could not be made; it is tried again"
                );
                false
            }
        }
    }
}

/// Gets what issuers of tokens say of themselves.
#[derive(Debug)]
pub(crate) struct Issuers(pub(crate) Client);

#[async_trait]
impl Fetch for Issuers {
    async fn get(&self, address: &str) -> Result<Bytes, String> {
        let request = Request::get(address).header(header::ACCEPT, "application/json").body(Bytes::new());
        let request = request.map_err(|error| format!("`{address}` cannot be asked: {error}"))?;
        let fetched = self.0.send(request).await?;
        if fetched.status.is_success() {
            return Ok(fetched.body);
        }
        Err(format!("{address} answered with status {}", fetched.status.as_u16()))
    }

    async fn post(
        &self,
        address: &str,
        form: &[(&str, String)],
        basic: Option<(&str, &SecretString)>,
    ) -> Result<Bytes, String> {
        let pairs = form.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        let form = pairs.collect::<Vec<String>>().join("&");
        let mut request = Request::post(address)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some((name, password)) = basic {
            // RFC 6749, 2.3.1: both are encoded like a form first.
            let pair = format!("{}:{}", encoded(name), encoded(password.expose_secret()));
            request = request.header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)));
        }
        let request = request.body(Bytes::from(form));
        let request = request.map_err(|_| format!("`{address}` cannot be asked"))?;
        Ok(self.0.send(request).await?.body)
    }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// On standard output, where no log goes.
fn show(key: &SecretString, format: Format) -> anyhow::Result<()> {
    let key = key.expose_secret();
    match format {
        Format::Text => print(&format!(
            "\nA key for the administration was made. It is shown only this once; LATTICELM_ADMIN_KEY sets one instead:\n  {key}\n"
        )),
        Format::Json => print(&format!(
            "{{\"message\":\"a key for the administration was made, and is shown only this once\",\"admin_key\":\"{key}\"}}\n"
        )),
    }
}
