//! Taking over a changed configuration: whole or not at all (D6, D7).

use std::net::SocketAddr;
use std::sync::Arc;

use lattice_auth::Fetch;
use lattice_config::{Config, Environment, Source, Watch};
use lattice_limits::Rules;
use lattice_server::App;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::directory::Assembler;
use crate::{auth, logging, storage};

/// Everything a reload needs.
pub(crate) struct Reloader {
    pub(crate) environment: Environment,
    pub(crate) settings: Config,
    pub(crate) assembler: Assembler,
    /// Gets what issuers of tokens say of themselves.
    pub(crate) fetch: Arc<dyn Fetch>,
    pub(crate) level: logging::Level,
    /// Where the gateway listens for as long as it runs.
    pub(crate) address: SocketAddr,
    /// The command line's level wins over the file's, also over a changed one.
    pub(crate) is_level_fixed: bool,
}

/// What causes a reload.
pub(crate) struct Triggers {
    hangup: Option<Signal>,
    watch: Option<Watch>,
}

impl Reloader {
    /// Begins to listen for SIGHUP and for changes of the file. Before anybody knows that the gateway runs: an earlier SIGHUP would end it.
    pub(crate) fn listen(&self) -> Triggers {
        let hangup = match signal(SignalKind::hangup()) {
            Ok(hangup) => Some(hangup),
            Err(error) => {
                tracing::warn!(%error, "SIGHUP cannot be waited for: it will not reload the configuration");
                None
            }
        };
        let watch = self.settings.source.file().and_then(|file| match lattice_config::watch(file) {
            Ok(watch) => Some(watch),
            Err(error) => {
                tracing::warn!(%error, "the configuration file cannot be watched; send SIGHUP after changing it");
                None
            }
        });
        Triggers { hangup, watch }
    }

    /// Reloads whenever a trigger says so, for as long as it is polled.
    pub(crate) async fn run(mut self, mut triggers: Triggers, app: &App) {
        loop {
            tokio::select! {
                () = received(triggers.hangup.as_mut()) => {}
                () = changed(triggers.watch.as_mut()) => {}
            }
            self.reload(app);
        }
    }

    /// The configuration as it is now; none where there is no file, or where it is wrong.
    fn load(&self) -> Option<Config> {
        if self.settings.source == Source::Environment {
            tracing::info!("there is no configuration file to reload");
            return None;
        }
        let errors = match lattice_config::load(&self.settings.source, &self.environment) {
            Ok(settings) => return Some(settings),
            Err(errors) => errors,
        };
        for error in errors.errors() {
            tracing::error!("the changed configuration is wrong and was not taken over: {error}");
        }
        None
    }

    fn reload(&mut self, app: &App) {
        let Some(settings) = self.load() else { return };
        if auth::opens_door(&settings.auth, self.address) {
            // The file may say another address, but that counts from the next start on.
            tracing::error!(
                "the changed configuration was not taken over: nobody would have to show a key, and {} can be reached from other machines",
                self.address
            );
            return;
        }
        match self.assembler.assemble(&settings) {
            Ok(directory) => {
                app.gateway.replace_directory(directory);
                let before = app.authenticator.load_full();
                let known = auth::Known {
                    registry: before.registry().cloned(),
                    sessions: before.sessions().map(|sessions| auth::sessions(sessions, &settings)),
                    administration: app.administration.clone(),
                    fetch: &self.fetch,
                    before: Some(&before),
                };
                app.authenticator.store(Arc::new(auth::authenticator(&settings, self.address, known)));
                match &app.administration {
                    // Those of the database come with them, once whoever follows it has looked.
                    Some(administration) => administration.replace_declared(auth::declared(&settings)),
                    None => app.gateway.limiter().replace(Rules::new(auth::rules(&settings))),
                }
                if let (Some(storage), Some(conversations)) = (app.gateway.storage(), &settings.conversations)
                {
                    storage.replace_retention(storage::retention(conversations));
                }
            }
            Err(error) => {
                tracing::error!("the changed configuration was not taken over: {error:#}");
                return;
            }
        }
        if !self.is_level_fixed && settings.logging.level != self.settings.logging.level {
            // Fails only when logging has ended.
            let _ = self.level.reload(logging::filter(settings.logging.level));
        }
        tell(&self.settings, &settings);
        // What needs a start is still as it was started.
        self.settings = Config {
            server: self.settings.server.clone(),
            database: self.settings.database.clone(),
            encryption: self.settings.encryption.clone(),
            counting: self.settings.counting.clone(),
            ..settings
        };
    }
}

/// What the operator should know of the change.
fn tell(old: &Config, new: &Config) {
    if new.server != old.server
        || new.logging.format != old.logging.format
        || new.database != old.database
        || new.encryption != old.encryption
        || new.counting != old.counting
        || new.conversations.is_some() != old.conversations.is_some()
        || storage::is_needed(new) && !storage::is_needed(old)
    {
        tracing::warn!(
            "changes of `server`, `database` with its keys, `rate_limit.redis_url`, `logging.format` and `conversations.enabled` take effect when the gateway is started again"
        );
    }
    for notice in &new.notices {
        tracing::warn!("{notice}");
    }
    tracing::info!(
        providers = new.providers.len(),
        models = new.models.len(),
        "the changed configuration was taken over"
    );
}

async fn received(signal: Option<&mut Signal>) {
    let Some(signal) = signal else { return std::future::pending().await };
    if signal.recv().await.is_none() {
        std::future::pending::<()>().await;
    }
}

async fn changed(watch: Option<&mut Watch>) {
    match watch {
        Some(watch) => watch.changed().await,
        None => std::future::pending().await,
    }
}
