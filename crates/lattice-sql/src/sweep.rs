//! Removing what has expired. It is invisible already (D3), so this takes its time.

use lattice_store::StoreError;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqlitePool;

use crate::database::Database;
use crate::pools::{PATIENCE, Pools, writing};

/// What a response that has expired is kept for still: a turn that began before may be about to go on from it, and streams can be long.
const GRACE: i64 = 900;

/// The most that one transaction removes, so that nobody waits long for it.
const BATCH: i64 = 500;

/// Those that nothing goes on from any more. Once they are gone, those that they went on from are such. Written so that a planner goes by
/// the index of times and looks for each row by itself: whatever is found first is enough.
pub(crate) const RESPONSES: &str = "DELETE FROM responses WHERE id IN ( \
    SELECT old.id FROM responses old WHERE old.expires_at <= $1 \
    AND (SELECT newer.id FROM responses newer WHERE newer.parent = old.id LIMIT 1) IS NULL \
    ORDER BY old.expires_at LIMIT $2)";

/// Conversations end by themselves: nothing but their items hangs on them.
pub(crate) const CONVERSATIONS: &str = "DELETE FROM conversations WHERE id IN ( \
    SELECT id FROM conversations WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

/// Answers that nobody will ask for again.
pub(crate) const REPEATABLE: &str = "DELETE FROM repeatable WHERE name IN ( \
    SELECT name FROM repeatable WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

/// Sessions that are over; those that were idle for too long end with them.
pub(crate) const SESSIONS: &str = "DELETE FROM sessions WHERE hash IN ( \
    SELECT hash FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

impl Database {
    /// Removes what had expired a quarter of an hour before `now`: how many rows.
    ///
    /// # Errors
    /// Where the database is away; what was removed stays removed.
    pub async fn sweep(&self, now: i64) -> Result<u64, StoreError> {
        let responses = self.sweep_by(RESPONSES, now).await?;
        let conversations = self.sweep_by(CONVERSATIONS, now).await?;
        let repeatable = self.sweep_by(REPEATABLE, now).await?;
        let sessions = self.sweep_by(SESSIONS, now).await?;
        if let Pools::Sqlite { write, .. } = self.shared.pools() {
            // The log holds what was deleted until it is written over.
            empty_log(&write).await.map_err(|failed| self.shared.failed(&failed))?;
        }
        Ok(responses.saturating_add(conversations).saturating_add(repeatable).saturating_add(sessions))
    }

    async fn sweep_by(&self, statement: &'static str, now: i64) -> Result<u64, StoreError> {
        let mut all = 0_u64;
        loop {
            self.shared.health.ready()?;
            let pools = self.shared.pools();
            let gone = writing!(&pools, pool => {
                sqlx::query(statement)
                    .bind(now.saturating_sub(GRACE))
                    .bind(BATCH)
                    .execute(pool)
                    .await
                    .map(|done| done.rows_affected())
            });
            let gone = gone.map_err(|failed| self.shared.failed(&failed))?;
            if gone == 0 {
                return Ok(all);
            }
            all = all.saturating_add(gone);
        }
    }
}

/// Writes the log into the file, if nobody who reads it is in the way: commits must not wait for a reader that takes its time.
async fn empty_log(write: &SqlitePool) -> Result<(), sqlx::Error> {
    let mut connection = write.acquire().await?;
    sqlx::query("PRAGMA busy_timeout = 50").execute(&mut *connection).await?;
    let emptied = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *connection).await;
    let patience = AssertSqlSafe(format!("PRAGMA busy_timeout = {}", PATIENCE.as_millis()));
    sqlx::query(patience).execute(&mut *connection).await?;
    emptied.map(|_| ())
}
