//! Connections to the database, whichever it is.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use lattice_store::StoreError;
use secrecy::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};

use crate::place::Place;

/// How long a statement waits for a connection, or for another process that writes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Connections that read from a file.
const READERS: u32 = 4;

/// Connections to a server. Commits are made in groups, so a few serve many requests.
const CONNECTIONS: u32 = 16;

/// Connections, made when they are needed.
#[derive(Debug, Clone)]
pub(crate) enum Pools {
    /// SQLite has one writer at a time, so there is one connection to write by.
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
    },
    Postgres(PgPool),
}

/// Runs the same code on the connections that read.
macro_rules! reading {
    ($pools:expr, $pool:ident => $act:expr) => {
        match $pools {
            $crate::pools::Pools::Sqlite { read: $pool, .. } => $act,
            $crate::pools::Pools::Postgres($pool) => $act,
        }
    };
}

/// Runs the same code on the connections that write.
macro_rules! writing {
    ($pools:expr, $pool:ident => $act:expr) => {
        match $pools {
            $crate::pools::Pools::Sqlite { write: $pool, .. } => $act,
            $crate::pools::Pools::Postgres($pool) => $act,
        }
    };
}

/// Binds what every statement about a thing of somebody's begins with; for those who see their whole tenant, no issuer and no subject.
macro_rules! about {
    ($query:expr, $id:expr, $reach:expr, $now:expr) => {
        $query.bind($id).bind(&*$reach.owner.tenant).bind($reach.issuer()).bind($reach.subject()).bind($now)
    };
}

pub(crate) use {about, reading, writing};

impl Pools {
    /// Connections to this place; none is made yet.
    pub(crate) fn new(place: &Place) -> Result<Self, StoreError> {
        match place {
            Place::File(file) => Ok(Self::file(file)),
            Place::Server(url) => {
                let options = PgConnectOptions::from_str(url.expose_secret());
                // The error could quote the address, and with it a password.
                let options = options.map_err(|_| {
                    StoreError::Refused("the address of the database cannot be understood".to_owned())
                })?;
                let pool = PgPoolOptions::new()
                    .max_connections(CONNECTIONS)
                    .acquire_timeout(PATIENCE)
                    .idle_timeout(Duration::from_mins(5))
                    // A connection that broke is found by the statement that fails on it, which costs no round trip before each.
                    .test_before_acquire(false);
                Ok(Self::Postgres(pool.connect_lazy_with(options.application_name("latticelm"))))
            }
        }
    }

    fn file(file: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            // What was committed survives a loss of power too, and commits are made in groups.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            // What is deleted is overwritten and not only let go.
            .pragma("secure_delete", "on")
            .pragma("cache_size", "-16384")
            .pragma("journal_size_limit", "67108864");
        let pool = || {
            let (idle, life) = (None::<Duration>, None::<Duration>);
            SqlitePoolOptions::new().acquire_timeout(PATIENCE).idle_timeout(idle).max_lifetime(life)
        };
        let write = pool().max_connections(1).connect_lazy_with(options.clone().create_if_missing(true));
        let read = pool().max_connections(READERS).connect_lazy_with(options.pragma("query_only", "on"));
        Self::Sqlite { write, read }
    }

    /// Whether the database is there. A pool would go on trying for a while where nobody listens.
    pub(crate) async fn reach(&self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite { write, .. } => sqlx::query("SELECT 1").execute(write).await.map(|_| ()),
            Self::Postgres(pool) => pool.connect_options().connect().await?.close().await,
        }
    }

    /// Closes all connections: the file is whole then, without a log beside it.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}
