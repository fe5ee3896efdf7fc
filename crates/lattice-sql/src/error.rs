//! What sqlx says, in the words of the store.

use lattice_store::StoreError;
use sqlx::Error;

/// Codes of `PostgreSQL` that mean that the server, not the statement, is in the way: connections, resources, shutdown, system errors and
/// read-only transactions. <https://www.postgresql.org/docs/current/errcodes-appendix.html>
const AWAY: &[&str] = &["08", "53", "57", "58", "25006", "XX"];

/// Primary result codes of SQLite of the same meaning: PERM, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN,
/// PROTOCOL, NOLFS, AUTH and NOTADB. <https://www.sqlite.org/rescode.html>
const SQLITE_AWAY: &[i64] = &[3, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 22, 23, 26];

/// Whether the error is this statement's alone, and says nothing of the next: too many wait, another process writes, or it took too long.
pub(crate) fn is_busy(error: &Error) -> bool {
    match error {
        Error::PoolTimedOut => true,
        // 57014 is `PostgreSQL`'s "query canceled"; 5 and 6 are SQLite's BUSY and LOCKED, whatever stands in the bits above.
        Error::Database(database) => database.code().is_some_and(|code| {
            code == "57014"
                || code.len() != 5 && code.parse::<i64>().is_ok_and(|code| matches!(code & 0xff, 5 | 6))
        }),
        _ => false,
    }
}

/// The store's error for one of the database's.
pub(crate) fn of(error: &Error) -> StoreError {
    let text = error.to_string();
    match error {
        Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            let is_sqlite = code.parse::<i64>().is_ok_and(|code| SQLITE_AWAY.contains(&(code & 0xff)));
            let is_postgres = code.len() == 5 && AWAY.iter().any(|start| code.starts_with(start));
            if is_postgres || (code.len() != 5 && is_sqlite) {
                StoreError::Unavailable(text)
            } else {
                StoreError::Refused(text)
            }
        }
        Error::ColumnDecode { .. } | Error::Decode(_) | Error::ColumnNotFound(_) => {
            StoreError::Unreadable(text)
        }
        Error::RowNotFound | Error::Encode(_) => StoreError::Refused(text),
        _ => StoreError::Unavailable(text),
    }
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
    use sqlx::{ConnectOptions, Connection};

    use super::*;

    async fn open(options: SqliteConnectOptions) -> SqliteConnection {
        options.busy_timeout(std::time::Duration::ZERO).connect().await.unwrap()
    }

    /// The error of the last of these statements; those before it work.
    async fn failing(connection: &mut SqliteConnection, statements: &[&'static str]) -> Error {
        let (last, first) = statements.split_last().unwrap();
        for statement in first {
            sqlx::query(*statement).execute(&mut *connection).await.unwrap();
        }
        sqlx::query(*last).execute(connection).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_disk_that_is_full_or_read_only_is_away_and_says_so() {
        let memory = || SqliteConnectOptions::new().in_memory(true);
        for (said, limit, statement) in [
            ("full", "PRAGMA max_page_count = 3", "INSERT INTO kept VALUES (zeroblob(1000000))"),
            ("readonly", "PRAGMA query_only = on", "INSERT INTO kept VALUES (1)"),
        ] {
            let mut connection = open(memory()).await;
            let failed = failing(&mut connection, &["CREATE TABLE kept (content)", limit, statement]).await;
            assert!(!is_busy(&failed), "it is no matter of this statement alone: {failed:?}");
            assert!(matches!(of(&failed), StoreError::Unavailable(why) if why.contains(said)), "{failed:?}");
        }
    }

    #[tokio::test]
    async fn a_file_that_another_writes_is_busy_and_a_wrong_statement_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = SqliteConnectOptions::new().filename(folder.path().join("a")).create_if_missing(true);
        let (mut one, mut other) = (open(file.clone()).await, open(file).await);
        sqlx::query("BEGIN IMMEDIATE").execute(&mut one).await.unwrap();
        let failed = failing(&mut other, &["BEGIN IMMEDIATE"]).await;
        assert!(is_busy(&failed) && matches!(of(&failed), StoreError::Unavailable(_)), "{failed:?}");
        let failed = failing(&mut other, &["SELECT nothing FROM nowhere"]).await;
        assert!(!is_busy(&failed) && matches!(of(&failed), StoreError::Refused(_)), "{failed:?}");
        one.close().await.unwrap();
    }
}
