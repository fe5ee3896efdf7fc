//! Changes of records: one transaction each, and one at a time.

use lattice_store::StoreError;
use lattice_store::records::{Change, Outcome, Write};

use crate::database::Database;
use crate::pools::Pools;
use crate::records::{entry_place, record_place};

/// Takes the row that lets one change be made at a time, if no other was made since this one was checked.
pub(crate) const TAKE: &str = "UPDATE revisions SET changes = changes + 1, callers = callers + $2, settings = settings + $3 \
    WHERE id = 1 AND changes = COALESCE($1, changes) RETURNING changes";

const PUT: &str = "INSERT INTO records \
    (kind, id, tenant, owner, lookup, name, status, created_at, updated_at, version, document) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (kind, id) DO UPDATE SET \
    tenant = excluded.tenant, owner = excluded.owner, lookup = excluded.lookup, name = excluded.name, status = excluded.status, \
    updated_at = excluded.updated_at, version = excluded.version, document = excluded.document \
    WHERE records.version = excluded.version - 1";

pub(crate) const DELETE: &str = "DELETE FROM records WHERE kind = $1 AND id = $2";

pub(crate) const FORGET: &str = "DELETE FROM key_secrets WHERE key_id = $1";

const REMEMBER: &str =
    "INSERT INTO key_secrets (hash, key_id, expires_at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING";

const LOG: &str = "INSERT INTO audit (number, at, tenant, actor, action, object, object_id, detail) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const REPEATABLE: &str = "INSERT INTO repeatable (name, request, answer, expires_at) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (name) DO UPDATE SET request = excluded.request, answer = excluded.answer, expires_at = excluded.expires_at";

/// Makes the change within a transaction; whether it is to be committed.
macro_rules! make {
    ($transaction:expr, $change:expr) => {{
        let change = $change;
        let taken: Option<i64> = sqlx::query_scalar(TAKE)
            .bind(change.follows)
            .bind(i64::from(change.concerns_callers))
            .bind(i64::from(change.concerns_settings))
            .fetch_optional(&mut *$transaction)
            .await?;
        let Some(number) = taken else { return Ok(Outcome::Overtaken) };
        for write in &change.writes {
            match write {
                Write::Put(record) => {
                    let put = sqlx::query(PUT)
                        .bind(record.kind.name())
                        .bind(&record.id)
                        .bind(&record.tenant)
                        .bind(&record.owner)
                        .bind(&record.lookup)
                        .bind(&record.name)
                        .bind(&record.status)
                        .bind(record.created_at)
                        .bind(record.updated_at)
                        .bind(record.version)
                        .bind(record.document.as_ref())
                        .execute(&mut *$transaction)
                        .await;
                    match put {
                        Ok(done) if done.rows_affected() > 0 => {}
                        Ok(_) => return Ok(Outcome::Taken),
                        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                            return Ok(Outcome::Taken);
                        }
                        Err(error) => return Err(error),
                    }
                }
                Write::Delete(kind, id) => {
                    sqlx::query(DELETE).bind(kind.name()).bind(id).execute(&mut *$transaction).await?;
                }
            }
        }
        let deed = &change.deed;
        if let Some(secrets) = &change.secrets {
            sqlx::query(FORGET).bind(&deed.object_id).execute(&mut *$transaction).await?;
            for secret in secrets {
                sqlx::query(REMEMBER)
                    .bind(&secret.hash[..])
                    .bind(&deed.object_id)
                    .bind(secret.expires_at)
                    .execute(&mut *$transaction)
                    .await?;
            }
        }
        sqlx::query(LOG)
            .bind(number)
            .bind(deed.at)
            .bind(&deed.tenant)
            .bind(&deed.actor)
            .bind(&deed.action)
            .bind(&deed.object)
            .bind(&deed.object_id)
            .bind(deed.detail.as_ref())
            .execute(&mut *$transaction)
            .await?;
        if let Some(repeatable) = &change.repeatable {
            sqlx::query(REPEATABLE)
                .bind(&repeatable.name[..])
                .bind(&repeatable.request[..])
                .bind(repeatable.answer.as_ref())
                .bind(repeatable.expires_at)
                .execute(&mut *$transaction)
                .await?;
        }
    }};
}

impl Database {
    pub(crate) async fn make(&self, mut change: Change) -> Result<Outcome, StoreError> {
        self.shared.health.ready()?;
        for write in &mut change.writes {
            let Write::Put(record) = write else { continue };
            let place = record_place(record.kind, &record.id);
            record.document = self.keyring.seal(std::mem::take(&mut record.document), &place)?;
        }
        let deed = &mut change.deed;
        let place = entry_place(&deed.object, &deed.object_id);
        deed.detail = self.keyring.seal(std::mem::take(&mut deed.detail), &place)?;
        let made = match self.shared.pools() {
            Pools::Sqlite { write, .. } => {
                async {
                    let mut transaction = write.begin_with("BEGIN IMMEDIATE").await?;
                    make!(transaction, &change);
                    transaction.commit().await.map(|()| Outcome::Done)
                }
                .await
            }
            Pools::Postgres(pool) => {
                async {
                    let mut transaction = pool.begin().await?;
                    make!(transaction, &change);
                    sqlx::query(NOTIFY).execute(&mut *transaction).await?;
                    transaction.commit().await.map(|()| Outcome::Done)
                }
                .await
            }
        };
        made.map_err(|failed: sqlx::Error| self.shared.failed(&failed))
    }

    /// Done when a record may have been changed, by this process or another: at once on a server that tells, else after a while.
    pub async fn changed(&self, while_nothing: std::time::Duration) {
        let told = self.shared.changes.notified();
        // Whichever it was, whoever asks looks for himself.
        let _ = tokio::time::timeout(while_nothing, told).await;
    }
}

/// Tells all replicas, once the transaction is committed.
const NOTIFY: &str = "SELECT pg_notify('latticelm_changes', '')";
