//! Responses in SQL.

use async_trait::async_trait;
use futures_util::TryStreamExt;
use lattice_store::{Content, Frame, Link, NewResponse, Owner, Responses, StoreError, StoredResponse};

use crate::database::Database;
use crate::pools::{reading, writing};

pub(crate) const GET: &str = "SELECT id, frame_at, state, input, output, frame FROM responses \
    WHERE id = $1 AND tenant = $2 AND issuer = $3 AND subject = $4 AND (expires_at IS NULL OR expires_at > $5)";

/// Up from the response to the first one by their keys, then what each of them holds.
pub(crate) const CHAIN: &str = "WITH RECURSIVE chain (id, parent, depth) AS ( \
    SELECT id, parent, 0 FROM responses \
    WHERE id = $1 AND tenant = $2 AND issuer = $3 AND subject = $4 AND (expires_at IS NULL OR expires_at > $5) \
    UNION ALL \
    SELECT older.id, older.parent, chain.depth + 1 FROM chain JOIN responses older ON older.id = chain.parent \
    WHERE older.tenant = $2 AND older.issuer = $3 AND older.subject = $4) \
    SELECT one.id, one.parent, one.conversation, one.status, one.state, one.input, one.output \
    FROM chain JOIN responses one ON one.id = chain.id ORDER BY chain.depth DESC";

pub(crate) const HOLDER: &str = "SELECT response_id FROM foreign_items \
    WHERE tenant = $1 AND issuer = $2 AND subject = $3 AND item_id = $4 ORDER BY response_id DESC LIMIT 1";

pub(crate) const DELETE: &str = "DELETE FROM responses \
    WHERE id = $1 AND tenant = $2 AND issuer = $3 AND subject = $4 AND (expires_at IS NULL OR expires_at > $5)";

type Row = (String, i64, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>);
type LinkRow = (String, Option<String>, Option<String>, String, Vec<u8>, Vec<u8>, Vec<u8>);

#[async_trait]
impl Responses for Database {
    fn ready(&self) -> Result<(), StoreError> {
        self.shared.health.ready()
    }

    async fn commit(&self, new: NewResponse) -> Result<(), StoreError> {
        self.writer().commit(new).await
    }

    async fn get(&self, owner: &Owner, id: &str, now: i64) -> Result<Option<StoredResponse>, StoreError> {
        self.shared.health.ready()?;
        let pools = self.shared.pools();
        let row: Option<Row> = reading!(&pools, pool => {
            sqlx::query_as(GET)
                .bind(id)
                .bind(&*owner.tenant)
                .bind(&*owner.issuer)
                .bind(&*owner.subject)
                .bind(now)
                .fetch_optional(pool)
                .await
        })
        .map_err(|failed| self.shared.failed(&failed))?;
        Ok(row.map(stored))
    }

    async fn chain(&self, owner: &Owner, id: &str, now: i64, limit: usize) -> Result<Vec<Link>, StoreError> {
        self.shared.health.ready()?;
        let pools = self.shared.pools();
        let mut chain = Vec::new();
        let mut size = 0_usize;
        let mut take = |(id, parent, conversation, status, state, input, output): LinkRow| {
            size = size.saturating_add(input.len().saturating_add(output.len()));
            chain.push(Link {
                id,
                parent,
                conversation,
                status,
                input: input.into(),
                output: output.into(),
                state: state.into(),
            });
            size <= limit
        };
        let whole = reading!(&pools, pool => {
            let mut rows = sqlx::query_as::<_, LinkRow>(CHAIN)
                .bind(id)
                .bind(&*owner.tenant)
                .bind(&*owner.issuer)
                .bind(&*owner.subject)
                .bind(now)
                .fetch(pool);
            loop {
                match rows.try_next().await {
                    Ok(Some(row)) => {
                        if !take(row) {
                            break Ok(false);
                        }
                    }
                    Ok(None) => break Ok(true),
                    Err(failed) => break Err(failed),
                }
            }
        });
        match whole {
            Ok(true) => Ok(chain),
            Ok(false) => Err(StoreError::TooLarge(limit)),
            Err(failed) => Err(self.shared.failed(&failed)),
        }
    }

    async fn holder(
        &self,
        owner: &Owner,
        item_id: &str,
        now: i64,
    ) -> Result<Option<StoredResponse>, StoreError> {
        self.shared.health.ready()?;
        let pools = self.shared.pools();
        let id: Option<String> = reading!(&pools, pool => {
            sqlx::query_scalar(HOLDER)
                .bind(&*owner.tenant)
                .bind(&*owner.issuer)
                .bind(&*owner.subject)
                .bind(item_id)
                .fetch_optional(pool)
                .await
        })
        .map_err(|failed| self.shared.failed(&failed))?;
        match id {
            Some(id) => self.get(owner, &id, now).await,
            None => Ok(None),
        }
    }

    async fn delete(&self, owner: &Owner, id: &str, now: i64) -> Result<bool, StoreError> {
        self.shared.health.ready()?;
        let pools = self.shared.pools();
        let deleted = writing!(&pools, pool => {
            sqlx::query(DELETE)
                .bind(id)
                .bind(&*owner.tenant)
                .bind(&*owner.issuer)
                .bind(&*owner.subject)
                .bind(now)
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        });
        Ok(deleted.map_err(|failed| self.shared.failed(&failed))? > 0)
    }
}

fn stored((id, at, state, input, output, frame): Row) -> StoredResponse {
    let frame = Frame { json: frame.into(), at: usize::try_from(at).unwrap_or_default() };
    let content = Content { input: input.into(), output: output.into(), frame, state: state.into() };
    StoredResponse { id, content }
}
