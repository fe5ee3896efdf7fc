//! What the database's tasks share: the connections, and what is known of them.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lattice_store::StoreError;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::Notify;

use crate::error;
use crate::health::{Condition, Health};
use crate::place::{Identity, Place};
use crate::pools::{Pools, writing};
use crate::schema;

/// How often a server is asked whether it is still there. A connection that breaks is noticed at once.
const ASKED: Duration = Duration::from_secs(2);

/// How long one attempt to open it may take, migrations apart, and how long an answer to [`ASKED`].
const PATIENCE: Duration = Duration::from_secs(5);

/// What the database's tasks share.
pub(crate) struct Shared {
    place: Place,
    pools: Mutex<Pools>,
    /// Which file was opened, where it is one.
    there: Mutex<Option<Identity>>,
    pub(crate) health: Health,
    /// A server says that a record was changed.
    pub(crate) changes: Notify,
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shared").field("health", &self.health).finish_non_exhaustive()
    }
}

impl Shared {
    /// Of the database at this place; nothing is opened yet.
    pub(crate) fn new(place: Place) -> Result<Self, StoreError> {
        let pools = Mutex::new(Pools::new(&place)?);
        Ok(Self { place, pools, there: Mutex::new(None), health: Health::new(), changes: Notify::new() })
    }

    /// The connections to use now.
    pub(crate) fn pools(&self) -> Pools {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What a statement's error means. One that tells that the database is away is noted for everybody.
    pub(crate) fn failed(&self, failed: &sqlx::Error) -> StoreError {
        let error = error::of(failed);
        // Too many at once, or a statement that took too long, is no sign that the database is away.
        if !error::is_busy(failed) {
            self.health.note(&error);
        }
        error
    }

    /// Opens the database, brings its schema up to date and tries whether it can be written.
    pub(crate) async fn prepare(&self) -> Result<(), StoreError> {
        self.place.make()?;
        let there = self.place.identity();
        let _lock = match self.place.file() {
            Some(file) => Some(schema::lock(file).await?),
            None => None,
        };
        let pools = self.pools();
        let reached = tokio::time::timeout(PATIENCE, pools.reach());
        match reached.await {
            // Whatever a server says to somebody who comes in, a wrong password too, another day it may say something else.
            Ok(reached) => {
                reached.map_err(|failed| self.place.located(StoreError::Unavailable(failed.to_string())))?;
            }
            Err(_) => return Err(StoreError::Unavailable("it does not answer".to_owned())),
        }
        schema::migrate(&pools).await.map_err(|error| self.place.located(error))?;
        let probe = "INSERT INTO probe (id, filler) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET filler = excluded.filler";
        let filler = vec![0_u8; 64 << 10];
        let written = writing!(&pools, pool => {
            sqlx::query(probe).bind(filler).execute(pool).await.map(|_| ())
        });
        written.map_err(|failed| self.place.located(error::of(&failed)))?;
        if self.place.identity() != there {
            return Err(StoreError::Unavailable("the file was replaced while it was opened".to_owned()));
        }
        *self.there.lock().unwrap_or_else(PoisonError::into_inner) = there;
        Ok(())
    }

    /// Done when the database is away.
    pub(crate) async fn away(&self) -> String {
        let there = *self.there.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = async {
            // What was noted before it was opened again means nothing any more.
            while self.health.condition() == Condition::There {
                self.health.lost.notified().await;
            }
        };
        match self.pools() {
            Pools::Sqlite { .. } => tokio::select! {
                () = lost => {}
                () = self.place.replaced(there) => return "the file was removed or replaced".to_owned(),
            },
            Pools::Postgres(pool) => tokio::select! {
                () = lost => {}
                why = watch(&pool, &self.changes) => return why,
            },
        }
        match self.health.condition() {
            Condition::Away(why) => why,
            _ => "a statement failed".to_owned(),
        }
    }

    /// Closes the connections; one that hangs may take its time, and nobody waits for it for long.
    pub(crate) async fn close(&self) {
        let _ = tokio::time::timeout(PATIENCE, self.pools().close()).await;
    }

    /// Puts new connections in place of those that may be broken.
    pub(crate) async fn renew(&self) {
        let Ok(pools) = Pools::new(&self.place) else { return };
        let old = std::mem::replace(&mut *self.pools.lock().unwrap_or_else(PoisonError::into_inner), pools);
        // A connection that hangs may take its time; nobody waits for it.
        let _ = tokio::time::timeout(Duration::from_millis(200), old.close()).await;
    }
}

/// Done when the server is away: a connection is kept open to notice at once, and the server is asked now and then.
async fn watch(pool: &PgPool, changes: &Notify) -> String {
    let mut listener = match PgListener::connect_with(pool).await {
        Ok(listener) => listener,
        Err(error) => return error.to_string(),
    };
    // It is to tell that the connection is gone, not to make another.
    listener.eager_reconnect(false);
    if let Err(error) = listener.listen("latticelm_changes").await {
        return error.to_string();
    }
    // Asked over a connection of its own, which a busy pool does not keep waiting.
    let mut own = match pool.connect_options().connect().await {
        Ok(own) => own,
        Err(error) => return error.to_string(),
    };
    let closed = async {
        loop {
            match listener.try_recv().await {
                Err(error) => return error.to_string(),
                Ok(None) => return "the server closed the connection".to_owned(),
                Ok(Some(_)) => changes.notify_waiters(),
            }
        }
    };
    let silent = async {
        loop {
            tokio::time::sleep(ASKED).await;
            match tokio::time::timeout(PATIENCE, sqlx::query("SELECT 1").execute(&mut own)).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return error.to_string(),
                Err(_) => return "the server does not answer".to_owned(),
            }
        }
    };
    tokio::select! {
        why = closed => why,
        why = silent => why,
    }
}
