//! Taking over a changed configuration: whole or not at all (D6, D7).

use std::net::SocketAddr;
use std::sync::Arc;

use lattice_auth::Fetch;
use lattice_config::{Config, Environment, Watch};
use lattice_limits::Rules;
use lattice_server::{App, Tls, TlsFiles};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::spawn_blocking;

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
    watch: Watch,
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
        Triggers { hangup, watch: Watch::new(self.settings.seen.clone()) }
    }

    /// Reloads whenever a trigger says so, for as long as it is polled.
    pub(crate) async fn run(mut self, mut triggers: Triggers, tls: Option<Arc<Tls>>, app: &App) {
        loop {
            tokio::select! {
                () = received(triggers.hangup.as_mut()) => {}
                () = triggers.watch.changed() => {}
            }
            let (source, environment) = (self.settings.source.clone(), self.environment.clone());
            // A pipe, or a folder on a network that is away, does not hold up those who accept and serve.
            let loaded = spawn_blocking(move || lattice_config::load(&source, &environment)).await;
            let Ok(loaded) = loaded else { continue };
            let running = self.settings.server.tls.clone();
            match &loaded {
                Ok(settings) => {
                    let used = running.iter().flat_map(|tls| [&*tls.certificate_file, &*tls.key_file]);
                    triggers.watch.replace(settings.seen.clone(), &used.collect::<Vec<_>>());
                }
                Err(errors) => triggers.watch.add(errors.seen().to_vec()),
            }
            if let (Some(tls), Some(running)) = (&tls, running) {
                let named = loaded.as_ref().ok().and_then(|settings| settings.server.tls.clone());
                let (tls, named) = (Arc::clone(tls), named.unwrap_or_else(|| running.clone()));
                if let Ok(shown) = spawn_blocking(move || renewed(&tls, &named, running)).await {
                    self.settings.server.tls = Some(shown);
                }
            }
            match loaded {
                Ok(settings) => self.take_over(settings, app),
                Err(errors) => {
                    for error in errors.errors() {
                        tracing::error!("the changed configuration is wrong and was not taken over: {error}");
                    }
                }
            }
        }
    }

    fn take_over(&mut self, settings: Config, app: &App) {
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

/// The files whose certificate is shown then. It is renewed whatever else is wrong, as it ends on its day: where those that are named now do not
/// fit, from where it was.
fn renewed(tls: &Tls, named: &lattice_config::Tls, running: lattice_config::Tls) -> lattice_config::Tls {
    let before = Some(&running).filter(|running| *running != named);
    for files in [Some(named), before].into_iter().flatten() {
        match tls.renew(&tls_files(files)) {
            Ok(is_other) => {
                if is_other {
                    tracing::info!(file = %files.certificate_file.display(), "the renewed certificate was taken over");
                }
                return files.clone();
            }
            Err(error) => tracing::error!("the certificate was not renewed; the one before goes on: {error}"),
        }
    }
    running
}

/// Where the listener's certificate is.
pub(crate) fn tls_files(tls: &lattice_config::Tls) -> TlsFiles {
    TlsFiles { certificate: tls.certificate_file.clone(), key: tls.key_file.clone() }
}
