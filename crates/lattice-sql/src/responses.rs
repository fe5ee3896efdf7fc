//! Responses in SQL.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt;
use lattice_store::{Content, Frame, Link, NewResponse, Owner, Reach, Responses, StoreError, StoredResponse};

use crate::database::Database;
use crate::pools::{about, reading, writing};

pub(crate) const GET: &str = "SELECT id, frame_at, state, input, output, frame FROM responses \
    WHERE id = $1 AND tenant = $2 AND issuer = COALESCE($3, issuer) AND subject = COALESCE($4, subject) AND (expires_at IS NULL OR expires_at > $5)";

/// Up from the response to the first one by their keys, then what each of them holds.
pub(crate) const CHAIN: &str = "WITH RECURSIVE chain (id, parent, depth) AS ( \
    SELECT id, parent, 0 FROM responses \
    WHERE id = $1 AND tenant = $2 AND issuer = COALESCE($3, issuer) AND subject = COALESCE($4, subject) AND (expires_at IS NULL OR expires_at > $5) \
    UNION ALL \
    SELECT older.id, older.parent, chain.depth + 1 FROM chain JOIN responses older ON older.id = chain.parent \
    WHERE older.tenant = $2 AND older.issuer = COALESCE($3, older.issuer) AND older.subject = COALESCE($4, older.subject)) \
    SELECT one.id, one.parent, one.conversation, one.status, one.state, one.input, one.output \
    FROM chain JOIN responses one ON one.id = chain.id ORDER BY chain.depth DESC";

pub(crate) const HOLDER: &str = "SELECT response_id FROM foreign_items \
    WHERE tenant = $1 AND issuer = $2 AND subject = $3 AND item_id = $4 ORDER BY response_id DESC LIMIT 1";

pub(crate) const DELETE: &str = "DELETE FROM responses \
    WHERE id = $1 AND tenant = $2 AND issuer = COALESCE($3, issuer) AND subject = COALESCE($4, subject) AND (expires_at IS NULL OR expires_at > $5)";

/// Names of the parts, for their encryption: they must not change.
const INPUT: &str = "input";
const OUTPUT: &str = "output";
const STATE: &str = "state";
const FRAME: &str = "frame";

type Row = (String, i64, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>);
type LinkRow = (String, Option<String>, Option<String>, String, Vec<u8>, Vec<u8>, Vec<u8>);

#[async_trait]
impl Responses for Database {
    fn ready(&self) -> Result<(), StoreError> {
        self.shared.health.ready()
    }

    async fn commit(&self, new: NewResponse) -> Result<(), StoreError> {
        self.writer().commit(self.sealed(new)?).await
    }

    async fn get(&self, reach: &Reach, id: &str, now: i64) -> Result<Option<StoredResponse>, StoreError> {
        self.shared.health.ready()?;
        let pools = self.shared.pools();
        let row: Option<Row> = reading!(&pools, pool => {
            about!(sqlx::query_as(GET), id, reach, now)
                .fetch_optional(pool)
                .await
        })
        .map_err(|failed| self.shared.failed(&failed))?;
        row.map(|row| self.stored(&reach.owner, row)).transpose()
    }

    async fn chain(&self, reach: &Reach, id: &str, now: i64, limit: usize) -> Result<Vec<Link>, StoreError> {
        self.shared.health.ready()?;
        let pools = self.shared.pools();
        let mut rows = Vec::new();
        let mut size = 0_usize;
        let mut take = |row: LinkRow| {
            size = size.saturating_add(row.5.len().saturating_add(row.6.len()));
            rows.push(row);
            size <= limit
        };
        let whole = reading!(&pools, pool => {
            let mut found = about!(sqlx::query_as::<_, LinkRow>(CHAIN), id, reach, now)
                .fetch(pool);
            loop {
                match found.try_next().await {
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
            Ok(true) => rows.into_iter().map(|row| self.link(&reach.owner, row)).collect(),
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
            Some(id) => self.get(&Reach::own(owner.clone()), &id, now).await,
            None => Ok(None),
        }
    }

    async fn delete(&self, reach: &Reach, id: &str, now: i64) -> Result<bool, StoreError> {
        self.shared.health.ready()?;
        let pools = self.shared.pools();
        let deleted = writing!(&pools, pool => {
            about!(sqlx::query(DELETE), id, reach, now)
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        });
        Ok(deleted.map_err(|failed| self.shared.failed(&failed))? > 0)
    }
}

impl Database {
    /// The same with its contents encrypted.
    fn sealed(&self, mut new: NewResponse) -> Result<NewResponse, StoreError> {
        let seal = |value: &mut Bytes, what: &str| -> Result<(), StoreError> {
            *value = self.keyring.seal(std::mem::take(value), &place(&new.owner, &new.id, what))?;
            Ok(())
        };
        let content = &mut new.content;
        seal(&mut content.input, INPUT)?;
        seal(&mut content.output, OUTPUT)?;
        seal(&mut content.state, STATE)?;
        seal(&mut content.frame.json, FRAME)?;
        if let Some(addition) = &mut new.addition {
            self.seal_entries(&new.owner, &addition.conversation, &mut addition.entries)?;
        }
        Ok(new)
    }

    fn stored(
        &self,
        owner: &Owner,
        (id, at, state, input, output, frame): Row,
    ) -> Result<StoredResponse, StoreError> {
        let open = |value: Vec<u8>, what: &str| self.keyring.open(value.into(), &place(owner, &id, what));
        let frame = Frame { json: open(frame, FRAME)?, at: usize::try_from(at).unwrap_or_default() };
        let (input, output, state) = (open(input, INPUT)?, open(output, OUTPUT)?, open(state, STATE)?);
        Ok(StoredResponse { content: Content { input, output, frame, state }, id })
    }

    fn link(&self, owner: &Owner, row: LinkRow) -> Result<Link, StoreError> {
        let (id, parent, conversation, status, state, input, output) = row;
        let open = |value: Vec<u8>, what: &str| self.keyring.open(value.into(), &place(owner, &id, what));
        let (input, output, state) = (open(input, INPUT)?, open(output, OUTPUT)?, open(state, STATE)?);
        Ok(Link { id, parent, conversation, status, input, output, state })
    }
}

/// Where an encrypted value stands.
fn place(owner: &Owner, id: &str, what: &str) -> String {
    format!("{}/{id}/{what}", owner.tenant)
}
