//! Storing responses: many in one transaction.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use lattice_store::{Addition, Content, Frame, NewResponse, StoreError};
use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;
use sqlx::{PgConnection, SqliteConnection};

use crate::additions::{self, Placed, reserve};
use crate::pools::Pools;

const INSERT: &str = "INSERT INTO responses \
    (id, tenant, issuer, subject, parent, status, created_at, expires_at, frame_at, state, input, output, frame, conversation) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (id) DO NOTHING";

/// The same for many at once: one statement, so one round trip, and a transaction of its own.
const INSERT_MANY: &str = "INSERT INTO responses \
    (id, tenant, issuer, subject, parent, status, created_at, expires_at, frame_at, state, input, output, frame, conversation) \
    SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], \
    $9::bigint[], $10::bytea[], $11::bytea[], $12::bytea[], $13::bytea[], $14::text[]) ON CONFLICT (id) DO NOTHING RETURNING id";

const INSERT_ITEM: &str = "INSERT INTO foreign_items (tenant, issuer, subject, item_id, response_id) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";

const INSERT_ITEMS: &str = "INSERT INTO foreign_items (tenant, issuer, subject, item_id, response_id) \
    SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) ON CONFLICT DO NOTHING";

/// Stores them all in one transaction. For each: stored, or its id was taken.
pub(crate) async fn insert(
    pools: &Pools,
    news: &[&NewResponse],
) -> Result<Vec<Result<(), StoreError>>, sqlx::Error> {
    match pools {
        Pools::Sqlite { write, .. } => insert_in_file(write, news).await,
        Pools::Postgres(pool) => insert_in_server(pool, news).await,
    }
}

fn outcome(new: &NewResponse, is_stored: bool) -> Result<(), StoreError> {
    if is_stored {
        return Ok(());
    }
    Err(StoreError::Refused(format!("there is a response `{}` already", new.id)))
}

fn at(frame: &Frame) -> i64 {
    i64::try_from(frame.at).unwrap_or(i64::MAX)
}

fn conversation(new: &NewResponse) -> Option<&str> {
    new.addition.as_ref().map(|addition| addition.conversation.as_str())
}

fn gone(addition: &Addition) -> StoreError {
    StoreError::Gone(format!("the conversation `{}`", addition.conversation))
}

async fn insert_in_file(
    pool: &SqlitePool,
    news: &[&NewResponse],
) -> Result<Vec<Result<(), StoreError>>, sqlx::Error> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let mut results = Vec::with_capacity(news.len());
    for new in news {
        results.push(insert_one(&mut transaction, new).await?);
    }
    transaction.commit().await?;
    Ok(results)
}

async fn insert_one(
    connection: &mut SqliteConnection,
    new: &NewResponse,
) -> Result<Result<(), StoreError>, sqlx::Error> {
    let (owner, content) = (&new.owner, &new.content);
    let mut placed = None;
    if let Some(addition) = &new.addition {
        let Some(start) = reserve!(&mut *connection, addition)? else {
            return Ok(Err(gone(addition)));
        };
        placed = Some(Placed { addition, start });
    }
    let done = sqlx::query(INSERT)
        .bind(&new.id)
        .bind(&*owner.tenant)
        .bind(&*owner.issuer)
        .bind(&*owner.subject)
        .bind(&new.parent)
        .bind(new.status)
        .bind(new.created_at)
        .bind(new.expires_at)
        .bind(at(&content.frame))
        .bind(content.state.as_ref())
        .bind(content.input.as_ref())
        .bind(content.output.as_ref())
        .bind(content.frame.json.as_ref())
        .bind(conversation(new))
        .execute(&mut *connection)
        .await?;
    if done.rows_affected() == 0 {
        return Ok(outcome(new, false));
    }
    if let Some(placed) = placed {
        additions::insert_in_file(connection, placed).await?;
    }
    for item in &new.foreign_ids {
        sqlx::query(INSERT_ITEM)
            .bind(&*owner.tenant)
            .bind(&*owner.issuer)
            .bind(&*owner.subject)
            .bind(item)
            .bind(&new.id)
            .execute(&mut *connection)
            .await?;
    }
    Ok(Ok(()))
}

async fn insert_in_server(
    pool: &PgPool,
    news: &[&NewResponse],
) -> Result<Vec<Result<(), StoreError>>, sqlx::Error> {
    let is_plain = |new: &&NewResponse| new.foreign_ids.is_empty() && new.addition.is_none();
    if news.iter().all(is_plain) {
        return insert_rows(pool, news).await;
    }
    let mut transaction = pool.begin().await?;
    let mut additions: Vec<(&NewResponse, &Addition)> =
        news.iter().filter_map(|new| Some((*new, new.addition.as_ref()?))).collect();
    // Always in the same order, so that two replicas never wait for each other.
    additions.sort_by(|(_, one), (_, two)| one.conversation.cmp(&two.conversation));
    let mut starts = HashMap::new();
    for (new, addition) in additions {
        if let Some(start) = reserve!(&mut *transaction, addition)? {
            starts.insert(new.id.as_str(), Placed { addition, start });
        }
    }
    let is_there = |new: &&NewResponse| new.addition.is_none() || starts.contains_key(new.id.as_str());
    let rows: Vec<&NewResponse> = news.iter().copied().filter(|new| is_there(new)).collect();
    let stored = insert_rows(&mut *transaction, &rows).await?;
    let stored: HashMap<&str, Result<(), StoreError>> =
        rows.iter().map(|new| new.id.as_str()).zip(stored).collect();
    let is_stored = |id: &str| matches!(stored.get(id), Some(Ok(())));
    let placed: Vec<Placed<'_>> =
        starts.iter().filter(|(id, _)| is_stored(id)).map(|(_, placed)| *placed).collect();
    additions::insert_in_server(&mut transaction, &placed).await?;
    let with_items: Vec<&NewResponse> = rows.into_iter().filter(|new| is_stored(&new.id)).collect();
    insert_foreign(&mut transaction, &with_items).await?;
    transaction.commit().await?;
    let result = |new: &&NewResponse| match (stored.get(new.id.as_str()), &new.addition) {
        (Some(result), _) => result.clone(),
        (None, Some(addition)) => Err(gone(addition)),
        (None, None) => outcome(new, false),
    };
    Ok(news.iter().map(result).collect())
}

async fn insert_foreign(connection: &mut PgConnection, news: &[&NewResponse]) -> Result<(), sqlx::Error> {
    let items: Vec<(&NewResponse, &str)> =
        news.iter().flat_map(|new| new.foreign_ids.iter().map(|id| (*new, id.as_str()))).collect();
    if items.is_empty() {
        return Ok(());
    }
    let column =
        |value: fn(&NewResponse) -> &str| items.iter().map(|(new, _)| value(new)).collect::<Vec<_>>();
    sqlx::query(INSERT_ITEMS)
        .bind(column(|new| &new.owner.tenant))
        .bind(column(|new| &new.owner.issuer))
        .bind(column(|new| &new.owner.subject))
        .bind(items.iter().map(|(_, item)| *item).collect::<Vec<_>>())
        .bind(column(|new| &new.id))
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert_rows(
    executor: impl sqlx::Executor<'_, Database = sqlx::Postgres>,
    news: &[&NewResponse],
) -> Result<Vec<Result<(), StoreError>>, sqlx::Error> {
    fn column<'a, T>(news: &[&'a NewResponse], value: impl Fn(&'a NewResponse) -> T) -> Vec<T> {
        news.iter().map(|new| value(new)).collect()
    }
    fn blob<'a>(news: &[&'a NewResponse], value: impl Fn(&'a Content) -> &'a Bytes) -> Vec<&'a [u8]> {
        column(news, |new| value(&new.content).as_ref())
    }
    let stored: Vec<String> = sqlx::query_scalar(INSERT_MANY)
        .bind(column(news, |new| new.id.as_str()))
        .bind(column(news, |new| &*new.owner.tenant))
        .bind(column(news, |new| &*new.owner.issuer))
        .bind(column(news, |new| &*new.owner.subject))
        .bind(column(news, |new| new.parent.as_deref()))
        .bind(column(news, |new| new.status))
        .bind(column(news, |new| new.created_at))
        .bind(column(news, |new| new.expires_at))
        .bind(column(news, |new| at(&new.content.frame)))
        .bind(blob(news, |content| &content.state))
        .bind(blob(news, |content| &content.input))
        .bind(blob(news, |content| &content.output))
        .bind(blob(news, |content| &content.frame.json))
        .bind(column(news, conversation))
        .fetch_all(executor)
        .await?;
    let stored: HashSet<&str> = stored.iter().map(String::as_str).collect();
    Ok(news.iter().map(|new| outcome(new, stored.contains(new.id.as_str()))).collect())
}
