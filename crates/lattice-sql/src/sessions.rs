//! Sessions in SQL.

use async_trait::async_trait;
use lattice_store::records::Hash;
use lattice_store::{Session, Sessions, StoreError, Whose};

use crate::database::Database;
use crate::pools::{reading, writing};
use crate::records::read_hash;

const BEGIN: &str = "INSERT INTO sessions (hash, tenant, issuer, subject, key_hash, created_at, seen_at, expires_at, sealed) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

pub(crate) const SESSION: &str = "SELECT tenant, issuer, subject, key_hash, created_at, seen_at, expires_at, sealed FROM sessions \
    WHERE hash = $1 AND expires_at > $2 AND seen_at > $3";

pub(crate) const TOUCH: &str = "UPDATE sessions SET seen_at = $2 WHERE hash = $1 AND seen_at < $2";

pub(crate) const END: &str = "DELETE FROM sessions WHERE hash = $1";

type Row = (Option<String>, Option<String>, Option<String>, Option<Vec<u8>>, i64, i64, i64, Vec<u8>);

#[async_trait]
impl Sessions for Database {
    async fn begin(&self, session: Session) -> Result<(), StoreError> {
        self.shared.health.ready()?;
        let (tenant, issuer, subject, key) = match &session.whose {
            Whose::User { tenant, issuer, subject } => (Some(tenant), Some(issuer), Some(subject), None),
            Whose::Key(key) => (None, None, None, Some(&key[..])),
        };
        let begun = writing!(&self.shared.pools(), pool => {
            sqlx::query(BEGIN)
                .bind(&session.hash[..])
                .bind(tenant)
                .bind(issuer)
                .bind(subject)
                .bind(key)
                .bind(session.created_at)
                .bind(session.seen_at)
                .bind(session.expires_at)
                .bind(session.sealed.as_ref())
                .execute(pool)
                .await
                .map(|_| ())
        });
        begun.map_err(|failed| self.shared.failed(&failed))
    }

    async fn session(&self, hash: &Hash, now: i64, since: i64) -> Result<Option<Session>, StoreError> {
        self.shared.health.ready()?;
        let row: Result<Option<Row>, _> = reading!(&self.shared.pools(), pool => {
            sqlx::query_as(SESSION).bind(&hash[..]).bind(now).bind(since).fetch_optional(pool).await
        });
        let Some(row) = row.map_err(|failed| self.shared.failed(&failed))? else { return Ok(None) };
        let (tenant, issuer, subject, key, created_at, seen_at, expires_at, sealed) = row;
        let whose = match (tenant, issuer, subject, key) {
            (Some(tenant), Some(issuer), Some(subject), None) => Whose::User { issuer, subject, tenant },
            (None, None, None, Some(key)) => Whose::Key(read_hash(&key)?),
            _ => return Err(StoreError::Unreadable("a session is nobody's".to_owned())),
        };
        Ok(Some(Session { hash: *hash, whose, created_at, seen_at, expires_at, sealed: sealed.into() }))
    }

    async fn touch(&self, hash: &Hash, now: i64) -> Result<(), StoreError> {
        self.shared.health.ready()?;
        let touched = writing!(&self.shared.pools(), pool => {
            sqlx::query(TOUCH).bind(&hash[..]).bind(now).execute(pool).await.map(|_| ())
        });
        touched.map_err(|failed| self.shared.failed(&failed))
    }

    async fn end(&self, hash: &Hash) -> Result<bool, StoreError> {
        self.shared.health.ready()?;
        let ended = writing!(&self.shared.pools(), pool => {
            sqlx::query(END).bind(&hash[..]).execute(pool).await.map(|done| done.rows_affected())
        });
        Ok(ended.map_err(|failed| self.shared.failed(&failed))? > 0)
    }
}
