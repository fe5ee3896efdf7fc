//! A database that is opened, watched, and tried again when it is away.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lattice_store::StoreError;
use tokio::task::JoinHandle;

use crate::health::Condition;
use crate::keyring::Keyring;
use crate::place::Place;
use crate::shared::Shared;
use crate::writer::Writer;

/// How long opening it may take, with the migrations of other processes and its own.
const OPENING: Duration = Duration::from_mins(3);

/// Pauses between attempts to open the database: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3));

/// The database behind the stores.
pub struct Database {
    pub(crate) shared: Arc<Shared>,
    pub(crate) keyring: Keyring,
    writer: Writer,
    keeper: JoinHandle<()>,
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Database").field("health", &self.shared.health).finish_non_exhaustive()
    }
}

impl Database {
    /// The database at this place, whose contents these keys seal. It is opened in the background, and so it may be away for a while: see [`Self::opened`].
    ///
    /// # Errors
    /// An address that is none.
    pub fn open(place: Place, keyring: Keyring) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::new(place)?);
        let writer = Writer::start(&shared);
        let keeper = tokio::spawn(keep(Arc::clone(&shared)));
        Ok(Self { shared, keyring, writer, keeper })
    }

    /// Its condition once the first attempt to open it is over, or after `patience`.
    pub async fn opened(&self, patience: Duration) -> Condition {
        let health = &self.shared.health;
        let waited = tokio::time::timeout(patience, async {
            loop {
                let changed = health.changed.notified();
                if health.condition() != Condition::Opening {
                    return;
                }
                changed.await;
            }
        });
        // Whether it is over or not, the condition tells.
        let _ = waited.await;
        health.condition()
    }

    /// Its condition now.
    pub fn condition(&self) -> Condition {
        self.shared.health.condition()
    }

    /// Brings the schema up to date, once, and tells how that went.
    ///
    /// # Errors
    /// What is in the way.
    pub async fn migrate(place: Place) -> Result<(), StoreError> {
        let shared = Shared::new(place)?;
        let done = prepare(&shared).await;
        shared.close().await;
        done
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Commits what is waiting and closes the database.
    pub async fn close(&self) {
        self.keeper.abort();
        self.writer.close().await;
        self.shared.close().await;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Opens the database, or gives up: a server that hangs must not keep it from being tried again.
async fn prepare(shared: &Shared) -> Result<(), StoreError> {
    match tokio::time::timeout(OPENING, shared.prepare()).await {
        Ok(prepared) => prepared,
        Err(_) => Err(StoreError::Unavailable(format!("it could not be opened within {OPENING:?}"))),
    }
}

/// Opens the database whenever it is away, for as long as it is polled.
async fn keep(shared: Arc<Shared>) {
    let mut pause = PAUSES.0;
    loop {
        let condition = match prepare(&shared).await {
            Ok(()) => Condition::There,
            Err(StoreError::Refused(why) | StoreError::Unreadable(why)) => Condition::Unusable(why),
            Err(error) => Condition::Away(error.to_string()),
        };
        if shared.health.set(condition.clone()) {
            tell(&condition);
        }
        if condition == Condition::There {
            pause = PAUSES.0;
            let away = Condition::Away(shared.away().await);
            shared.health.set(away.clone());
            tell(&away);
        }
        shared.renew().await;
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(PAUSES.1);
    }
}

/// For the operator.
fn tell(condition: &Condition) {
    match condition {
        Condition::Opening => {}
        Condition::There => tracing::info!("the database is open"),
        Condition::Away(why) | Condition::Unusable(why) => {
            tracing::error!(
                "the database cannot be used and is tried again; what needs no store goes on: {why}"
            );
        }
    }
}
