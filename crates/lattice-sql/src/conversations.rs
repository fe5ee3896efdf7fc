//! Conversations in SQL.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt;
use lattice_store::{
    Addition, Conversation, Conversations, Entries, Entry, NewConversation, Owner, Page, Reach, StoreError,
};

use crate::additions::{self, Placed, reserve};
use crate::database::Database;
use crate::pools::{Pools, about, reading, writing};

const CREATE: &str = "INSERT INTO conversations \
    (id, tenant, issuer, subject, created_at, ttl, expires_at, next_position, metadata) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

pub(crate) const CONVERSATION: &str = "SELECT id, created_at, metadata FROM conversations \
    WHERE id = $1 AND tenant = $2 AND issuer = COALESCE($3, issuer) AND subject = COALESCE($4, subject) AND (expires_at IS NULL OR expires_at > $5)";

pub(crate) const SET_METADATA: &str = "UPDATE conversations SET metadata = $6, expires_at = $5 + ttl \
    WHERE id = $1 AND tenant = $2 AND issuer = COALESCE($3, issuer) AND subject = COALESCE($4, subject) AND (expires_at IS NULL OR expires_at > $5) \
    RETURNING id, created_at, metadata";

pub(crate) const DELETE: &str = "DELETE FROM conversations \
    WHERE id = $1 AND tenant = $2 AND issuer = COALESCE($3, issuer) AND subject = COALESCE($4, subject) AND (expires_at IS NULL OR expires_at > $5)";

pub(crate) const HISTORY: &str =
    "SELECT id, item FROM conversation_items WHERE conversation_id = $1 ORDER BY position";

pub(crate) const POSITION: &str =
    "SELECT MAX(position) FROM conversation_items WHERE id = $1 AND conversation_id = $2";

pub(crate) const ASCENDING: &str = "SELECT id, item FROM conversation_items \
    WHERE conversation_id = $1 AND position > $2 ORDER BY position LIMIT $3";

pub(crate) const DESCENDING: &str = "SELECT id, item FROM conversation_items \
    WHERE conversation_id = $1 AND position < $2 ORDER BY position DESC LIMIT $3";

pub(crate) const ENTRY: &str = "SELECT id, item FROM conversation_items \
    WHERE id = $1 AND conversation_id = $2 ORDER BY position DESC LIMIT 1";

pub(crate) const DELETE_ENTRY: &str = "DELETE FROM conversation_items WHERE conversation_id = $2 AND position = \
    (SELECT MAX(position) FROM conversation_items WHERE id = $1 AND conversation_id = $2)";

pub(crate) const FIND_ENTRY: &str = "SELECT items.conversation_id, items.id, items.item FROM conversation_items items \
    JOIN conversations whole ON whole.id = items.conversation_id \
    WHERE items.id = $1 AND whole.tenant = $2 AND whole.issuer = COALESCE($3, whole.issuer) AND whole.subject = COALESCE($4, whole.subject) \
    AND (whole.expires_at IS NULL OR whole.expires_at > $5) \
    ORDER BY items.conversation_id DESC, items.position DESC LIMIT 1";

type Row = (String, i64, Vec<u8>);
type ItemRow = (String, Vec<u8>);

/// Writes the conversation's own row.
macro_rules! create {
    ($transaction:expr, $new:expr) => {
        sqlx::query(CREATE)
            .bind(&$new.id)
            .bind(&*$new.owner.tenant)
            .bind(&*$new.owner.issuer)
            .bind(&*$new.owner.subject)
            .bind($new.created_at)
            .bind($new.ttl)
            .bind($new.ttl.map(|ttl| $new.created_at.saturating_add(ttl)))
            .bind(i64::try_from($new.entries.len()).unwrap_or(i64::MAX))
            .bind($new.metadata.as_ref())
            .execute(&mut *$transaction)
            .await?
    };
}

#[async_trait]
impl Conversations for Database {
    async fn create(&self, mut new: NewConversation) -> Result<(), StoreError> {
        self.shared.health.ready()?;
        self.seal_entries(&new.owner, &new.id, &mut new.entries)?;
        new.metadata = self.keyring.seal(new.metadata, &metadata_place(&new.owner, &new.id))?;
        let created = match self.shared.pools() {
            Pools::Sqlite { write, .. } => {
                async {
                    let mut transaction = write.begin_with("BEGIN IMMEDIATE").await?;
                    create!(transaction, new);
                    let addition = beginning(&new);
                    additions::insert_in_file(&mut transaction, Placed { addition: &addition, start: 0 })
                        .await?;
                    transaction.commit().await
                }
                .await
            }
            Pools::Postgres(pool) => {
                async {
                    let mut transaction = pool.begin().await?;
                    create!(transaction, new);
                    let addition = beginning(&new);
                    let placed = [Placed { addition: &addition, start: 0 }];
                    additions::insert_in_server(&mut transaction, &placed).await?;
                    transaction.commit().await
                }
                .await
            }
        };
        created.map_err(|failed| self.shared.failed(&failed))
    }

    async fn conversation(
        &self,
        reach: &Reach,
        id: &str,
        now: i64,
    ) -> Result<Option<Conversation>, StoreError> {
        self.shared.health.ready()?;
        let row: Result<Option<Row>, _> = reading!(&self.shared.pools(), pool => {
            about!(sqlx::query_as(CONVERSATION), id, reach, now).fetch_optional(pool).await
        });
        self.shown(&reach.owner, row)
    }

    async fn set_metadata(
        &self,
        reach: &Reach,
        id: &str,
        now: i64,
        metadata: Bytes,
    ) -> Result<Option<Conversation>, StoreError> {
        self.shared.health.ready()?;
        let metadata = self.keyring.seal(metadata, &metadata_place(&reach.owner, id))?;
        let row: Result<Option<Row>, _> = writing!(&self.shared.pools(), pool => {
            about!(sqlx::query_as(SET_METADATA), id, reach, now).bind(metadata.as_ref()).fetch_optional(pool).await
        });
        self.shown(&reach.owner, row)
    }

    async fn delete_conversation(&self, reach: &Reach, id: &str, now: i64) -> Result<bool, StoreError> {
        self.shared.health.ready()?;
        let deleted = writing!(&self.shared.pools(), pool => {
            about!(sqlx::query(DELETE), id, reach, now).execute(pool).await.map(|done| done.rows_affected())
        });
        Ok(deleted.map_err(|failed| self.shared.failed(&failed))? > 0)
    }

    async fn append(&self, mut addition: Addition) -> Result<bool, StoreError> {
        self.shared.health.ready()?;
        self.seal_entries(&addition.reach.owner, &addition.conversation, &mut addition.entries)?;
        let added = match self.shared.pools() {
            Pools::Sqlite { write, .. } => {
                async {
                    let mut transaction = write.begin_with("BEGIN IMMEDIATE").await?;
                    let Some(start) = reserve!(&mut *transaction, addition)? else { return Ok(false) };
                    additions::insert_in_file(&mut transaction, Placed { addition: &addition, start })
                        .await?;
                    transaction.commit().await.map(|()| true)
                }
                .await
            }
            Pools::Postgres(pool) => {
                async {
                    let mut transaction = pool.begin().await?;
                    let Some(start) = reserve!(&mut *transaction, addition)? else { return Ok(false) };
                    let placed = [Placed { addition: &addition, start }];
                    additions::insert_in_server(&mut transaction, &placed).await?;
                    transaction.commit().await.map(|()| true)
                }
                .await
            }
        };
        added.map_err(|failed: sqlx::Error| self.shared.failed(&failed))
    }

    async fn entries(
        &self,
        reach: &Reach,
        id: &str,
        now: i64,
        page: Page<'_>,
    ) -> Result<Option<Entries>, StoreError> {
        if self.conversation(reach, id, now).await?.is_none() {
            return Ok(None);
        }
        let edge = if page.is_ascending { -1 } else { i64::MAX };
        let after = match page.after {
            None => edge,
            Some(after) => {
                let position: Result<Option<i64>, _> = reading!(&self.shared.pools(), pool => {
                    sqlx::query_scalar(POSITION).bind(after).bind(id).fetch_one(pool).await
                });
                match position.map_err(|failed| self.shared.failed(&failed))? {
                    Some(position) => position,
                    None => return Ok(None),
                }
            }
        };
        let statement = if page.is_ascending { ASCENDING } else { DESCENDING };
        // One more tells whether there are more.
        let most = i64::try_from(page.limit).unwrap_or(i64::MAX).saturating_add(1);
        let rows: Result<Vec<ItemRow>, _> = reading!(&self.shared.pools(), pool => {
            sqlx::query_as(statement).bind(id).bind(after).bind(most).fetch_all(pool).await
        });
        let rows = rows.map_err(|failed| self.shared.failed(&failed))?;
        let entries: Result<Vec<Entry>, _> =
            rows.into_iter().map(|row| self.entry_of(&reach.owner, id, row)).collect();
        let mut entries = entries?;
        let has_more = entries.len() > page.limit;
        entries.truncate(page.limit);
        Ok(Some(Entries { entries, has_more }))
    }

    async fn history(
        &self,
        reach: &Reach,
        id: &str,
        now: i64,
        limit: usize,
    ) -> Result<Option<Vec<Entry>>, StoreError> {
        if self.conversation(reach, id, now).await?.is_none() {
            return Ok(None);
        }
        let (mut found, mut size) = (Vec::new(), 0_usize);
        let whole = reading!(&self.shared.pools(), pool => {
            let mut rows = sqlx::query_as::<_, ItemRow>(HISTORY).bind(id).fetch(pool);
            loop {
                match rows.try_next().await {
                    Ok(Some(row)) => {
                        size = size.saturating_add(row.1.len());
                        if size > limit {
                            break Ok(false);
                        }
                        found.push(row);
                    }
                    Ok(None) => break Ok(true),
                    Err(failed) => break Err(failed),
                }
            }
        });
        match whole {
            Ok(true) => {
                let entries: Result<Vec<Entry>, _> =
                    found.into_iter().map(|row| self.entry_of(&reach.owner, id, row)).collect();
                entries.map(Some)
            }
            Ok(false) => Err(StoreError::TooLarge(limit)),
            Err(failed) => Err(self.shared.failed(&failed)),
        }
    }

    async fn entry(
        &self,
        reach: &Reach,
        id: &str,
        item: &str,
        now: i64,
    ) -> Result<Option<Entry>, StoreError> {
        if self.conversation(reach, id, now).await?.is_none() {
            return Ok(None);
        }
        let row: Result<Option<ItemRow>, _> = reading!(&self.shared.pools(), pool => {
            sqlx::query_as(ENTRY).bind(item).bind(id).fetch_optional(pool).await
        });
        let row = row.map_err(|failed| self.shared.failed(&failed))?;
        row.map(|row| self.entry_of(&reach.owner, id, row)).transpose()
    }

    async fn delete_entry(&self, reach: &Reach, id: &str, item: &str, now: i64) -> Result<bool, StoreError> {
        if self.entry(reach, id, item, now).await?.is_none() {
            return Ok(false);
        }
        // A change like any other: its time begins again.
        let change = Addition { reach: reach.clone(), conversation: id.to_owned(), now, entries: Vec::new() };
        if !self.append(change).await? {
            return Ok(false);
        }
        let deleted = writing!(&self.shared.pools(), pool => {
            sqlx::query(DELETE_ENTRY).bind(item).bind(id).execute(pool).await.map(|done| done.rows_affected())
        });
        Ok(deleted.map_err(|failed| self.shared.failed(&failed))? > 0)
    }

    async fn find_entry(&self, reach: &Reach, item: &str, now: i64) -> Result<Option<Entry>, StoreError> {
        self.shared.health.ready()?;
        let row: Result<Option<(String, String, Vec<u8>)>, _> = reading!(&self.shared.pools(), pool => {
            about!(sqlx::query_as(FIND_ENTRY), item, reach, now).fetch_optional(pool).await
        });
        let row = row.map_err(|failed| self.shared.failed(&failed))?;
        row.map(|(conversation, id, item)| self.entry_of(&reach.owner, &conversation, (id, item))).transpose()
    }
}

fn beginning(new: &NewConversation) -> Addition {
    let reach = Reach::own(new.owner.clone());
    Addition { reach, conversation: new.id.clone(), now: new.created_at, entries: new.entries.clone() }
}

impl Database {
    /// Encrypts what a conversation gets.
    pub(crate) fn seal_entries(
        &self,
        owner: &Owner,
        conversation: &str,
        entries: &mut [Entry],
    ) -> Result<(), StoreError> {
        for entry in entries {
            let place = entry_place(owner, conversation, &entry.id);
            entry.item = self.keyring.seal(std::mem::take(&mut entry.item), &place)?;
        }
        Ok(())
    }

    fn entry_of(&self, owner: &Owner, conversation: &str, (id, item): ItemRow) -> Result<Entry, StoreError> {
        let item = self.keyring.open(item.into(), &entry_place(owner, conversation, &id))?;
        Ok(Entry { id, item })
    }

    fn shown(
        &self,
        owner: &Owner,
        row: Result<Option<Row>, sqlx::Error>,
    ) -> Result<Option<Conversation>, StoreError> {
        let row = row.map_err(|failed| self.shared.failed(&failed))?;
        let Some((id, created_at, metadata)) = row else { return Ok(None) };
        let metadata = self.keyring.open(metadata.into(), &metadata_place(owner, &id))?;
        Ok(Some(Conversation { id, created_at, metadata }))
    }
}

/// Where encrypted values stand: these must not change.
fn entry_place(owner: &Owner, conversation: &str, item: &str) -> String {
    format!("{}/{conversation}/item/{item}", owner.tenant)
}

fn metadata_place(owner: &Owner, conversation: &str) -> String {
    format!("{}/{conversation}/metadata", owner.tenant)
}
