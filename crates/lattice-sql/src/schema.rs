//! The schema: made and brought up to date when a database is opened, by one process at a time.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use lattice_store::StoreError;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use crate::error;
use crate::pools::{Pools, writing};

/// A version of the schema: what it is about, and how it is made on each database.
struct Version {
    about: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// All versions, from 1 on. An entry is never changed after it was released: a later one adds to it.
const VERSIONS: &[Version] = &[
    Version {
        about: "responses",
        sqlite: include_str!("../migrations/sqlite/0001_responses.sql"),
        postgres: include_str!("../migrations/postgres/0001_responses.sql"),
    },
    Version {
        about: "conversations",
        sqlite: include_str!("../migrations/sqlite/0002_conversations.sql"),
        postgres: include_str!("../migrations/postgres/0002_conversations.sql"),
    },
    Version {
        about: "records",
        sqlite: include_str!("../migrations/sqlite/0003_records.sql"),
        postgres: include_str!("../migrations/postgres/0003_records.sql"),
    },
    Version {
        about: "sessions",
        sqlite: include_str!("../migrations/sqlite/0004_sessions.sql"),
        postgres: include_str!("../migrations/postgres/0004_sessions.sql"),
    },
];

/// How long to wait for another process that brings the same file up to date.
const PATIENCE: Duration = Duration::from_mins(1);

/// Brings the database to this program's version, or leaves it as it is if it is newer and this program can still work with it (D5).
pub(crate) async fn migrate(pools: &Pools) -> Result<(), StoreError> {
    let migrator = migrator(matches!(pools, Pools::Sqlite { .. }));
    check(pools).await?;
    let done = match pools {
        Pools::Sqlite { write, .. } => migrator.run(write).await,
        Pools::Postgres(pool) => migrator.run(pool).await,
    };
    done.map_err(|failed| match failed {
        // Whatever came in between: the same may work when it is tried again.
        sqlx::migrate::MigrateError::Execute(error)
        | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => error::of(&error),
        other => StoreError::Refused(format!("the database could not be brought up to date: {other}")),
    })?;
    // Another process may have been faster, and newer.
    check(pools).await
}

fn migrator(is_sqlite: bool) -> Migrator {
    let versions = VERSIONS.iter().zip(1_i64..).map(|(version, number)| {
        let sql = if is_sqlite { version.sqlite } else { version.postgres };
        Migration::new(number, version.about.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    let mut migrator = Migrator::with_migrations(versions.collect());
    migrator.set_ignore_missing(true);
    migrator
}

/// The version that this program makes.
fn known() -> i64 {
    i64::try_from(VERSIONS.len()).unwrap_or(i64::MAX)
}

/// Refuses a database that needs a newer program.
async fn check(pools: &Pools) -> Result<(), StoreError> {
    let Some(applied) = number(pools, "SELECT MAX(version) FROM _sqlx_migrations").await? else {
        return Ok(());
    };
    let needs = number(pools, "SELECT MAX(needs) FROM schema_versions").await?;
    let described = number(pools, "SELECT MAX(version) FROM schema_versions").await?;
    // A version that does not say what it needs is not known to be harmless.
    let needs = if described.is_none_or(|described| described < applied) { Some(applied) } else { needs };
    match needs {
        Some(needs) if needs > known() => Err(StoreError::Refused(format!(
            "the database was made by a newer version of latticelm: its schema is {applied} and needs a program that knows {needs}, while \
             this one knows {}. Start the newer version, or restore a backup from before the upgrade",
            known()
        ))),
        _ => Ok(()),
    }
}

/// The number that a query answers with; `None` also where its table is missing.
async fn number(pools: &Pools, query: &'static str) -> Result<Option<i64>, StoreError> {
    let table = query.rsplit(' ').next().unwrap_or_default();
    let there = match pools {
        Pools::Sqlite { .. } => format!("SELECT COUNT(*) FROM sqlite_master WHERE name = '{table}'"),
        Pools::Postgres(_) => format!("SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass('{table}')"),
    };
    let there: i64 = writing!(pools, pool => sqlx::query_scalar(AssertSqlSafe(there)).fetch_one(pool).await)
        .map_err(|failed| error::of(&failed))?;
    if there == 0 {
        return Ok(None);
    }
    writing!(pools, pool => sqlx::query_scalar(query).fetch_one(pool).await)
        .map_err(|failed| error::of(&failed))
}

/// Holds other processes off a file while it is there. SQLite's own locks end with each transaction, and it gives up at once where two
/// processes make a log for a new file. A server has locks of its own, which the library takes.
pub(crate) async fn lock(file: &Path) -> Result<File, StoreError> {
    let mut path = file.as_os_str().to_owned();
    path.push(".lock");
    let path = std::path::PathBuf::from(path);
    let away = |what: std::io::Error| StoreError::Unavailable(format!("{}: {what}", path.display()));
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let lock = options.open(&path).map_err(away)?;
    let taken = tokio::time::timeout(PATIENCE, async {
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(()),
                Err(std::fs::TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(std::fs::TryLockError::Error(what)) => return Err(away(what)),
            }
        }
    });
    match taken.await {
        Ok(taken) => taken.map(|()| lock),
        Err(_) => Err(StoreError::Unavailable(format!("{} is locked by another process", path.display()))),
    }
}
