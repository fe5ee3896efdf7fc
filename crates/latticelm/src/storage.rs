//! The database: from settings to a store, and what is done to it besides.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use lattice_config::{Config, Conversations, Environment, Source};
use lattice_gateway::{Clock, Retention};
use lattice_server::Report;
use lattice_sql::{Condition, Database, Keyring, Place};
use lattice_store::{Bounded, Store};

use crate::clock::RealClock;
use crate::output::print;

/// How long the start waits for the database; afterwards the gateway serves what needs none.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a statement may take: its turn in the queue, and the database's own work.
const ANSWER: Duration = Duration::from_secs(15);

/// How often what has expired is removed.
const SWEEPS: Duration = Duration::from_mins(1);

/// The command line's folder, as an override like those of the environment.
pub(crate) fn in_folder(environment: Environment, folder: &Path) -> Environment {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    environment.with("LATTICELM__DATABASE__DATA_DIR", &folder.to_string_lossy())
}

/// Opens the database, if anything is to be kept. One that is away is no reason not to start (E8).
pub(crate) async fn open(settings: &Config) -> anyhow::Result<Option<Arc<Database>>> {
    if !is_needed(settings) {
        return Ok(None);
    }
    let database = Database::open(place(settings), Keyring::new(&settings.encryption.0))
        .context("the database cannot be used")?;
    // What is in the way is logged where it is found.
    database.opened(PATIENCE).await;
    Ok(Some(Arc::new(database)))
}

/// Opens the database for a command, which has nothing to do without it.
pub(crate) async fn open_for_administration(settings: &Config) -> anyhow::Result<Arc<Database>> {
    let database = Database::open(place(settings), Keyring::new(&settings.encryption.0))
        .context("the database cannot be used")?;
    match database.opened(ANSWER).await {
        Condition::There => Ok(Arc::new(database)),
        Condition::Opening => bail!("{} does not answer", settings.database),
        Condition::Away(why) | Condition::Unusable(why) => {
            bail!("{} cannot be used: {why}", settings.database)
        }
    }
}

/// Whether there is anything to keep: what was said, or who may call.
pub(crate) fn is_needed(settings: &Config) -> bool {
    settings.conversations.is_some() || settings.auth.enabled
}

fn place(settings: &Config) -> Place {
    match &settings.database {
        lattice_config::Database::File(file) => Place::File(file.clone()),
        lattice_config::Database::Server(url) => Place::Server(url.clone()),
    }
}

/// The database as the gateway uses it: nothing waits for it without end.
pub(crate) fn bounded(database: &Arc<Database>) -> Arc<dyn Store> {
    Arc::new(Bounded::new(Arc::clone(database), ANSWER))
}

/// The rules in the gateway's terms.
pub(crate) fn retention(conversations: &Conversations) -> Retention {
    let Conversations { store_by_default, ttl, max_ttl } = *conversations;
    Retention { store_by_default, ttl, max_ttl }
}

/// What `/ready` says of the database.
pub(crate) fn report(database: &Database) -> Report {
    match database.condition() {
        Condition::There => Report::Healthy,
        Condition::Opening => Report::Away("the database is being opened".to_owned()),
        Condition::Away(_) => {
            Report::Away("the database is away and is tried again; the log says why".to_owned())
        }
        Condition::Unusable(_) => {
            Report::Unusable("this version cannot work with the database; the log says why".to_owned())
        }
    }
}

/// Removes what has expired now and then, for as long as it is polled.
pub(crate) async fn sweep(database: Option<&Database>) {
    let Some(database) = database else { return std::future::pending().await };
    loop {
        tokio::time::sleep(SWEEPS).await;
        match database.sweep(RealClock.seconds()).await {
            Ok(0) => {}
            Ok(gone) => tracing::debug!(gone, "what had expired was removed"),
            Err(error) => tracing::debug!(%error, "what has expired could not be removed; it is tried again"),
        }
    }
}

/// `latticelm migrate`.
pub(crate) fn migrate(
    file: Option<PathBuf>,
    folder: Option<&Path>,
    environment: &Environment,
) -> anyhow::Result<()> {
    let mut environment = environment.clone();
    if let Some(folder) = folder {
        environment = in_folder(environment, folder);
    }
    let source = Source::find(file, &environment, Path::new("."));
    let settings = lattice_config::load(&source, &environment).context("the configuration is wrong")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("the runtime cannot be started")?;
    let migrated = runtime.block_on(Database::migrate(place(&settings)));
    migrated.with_context(|| format!("{} was not brought up to date", settings.database))?;
    print(&format!("{} is up to date\n", settings.database))
}
