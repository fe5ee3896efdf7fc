//! Storing responses: many in one transaction.

use std::collections::HashSet;

use bytes::Bytes;
use lattice_store::{Content, Frame, NewResponse, StoreError};
use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;

use crate::pools::Pools;

const INSERT: &str = "INSERT INTO responses \
    (id, tenant, issuer, subject, parent, status, created_at, expires_at, frame_at, state, input, output, frame) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (id) DO NOTHING";

/// The same for many at once: one statement, so one round trip, and a transaction of its own.
const INSERT_MANY: &str = "INSERT INTO responses \
    (id, tenant, issuer, subject, parent, status, created_at, expires_at, frame_at, state, input, output, frame) \
    SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], \
    $9::bigint[], $10::bytea[], $11::bytea[], $12::bytea[], $13::bytea[]) ON CONFLICT (id) DO NOTHING RETURNING id";

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

async fn insert_in_file(
    pool: &SqlitePool,
    news: &[&NewResponse],
) -> Result<Vec<Result<(), StoreError>>, sqlx::Error> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let mut results = Vec::with_capacity(news.len());
    for new in news {
        let (owner, content) = (&new.owner, &new.content);
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
            .execute(&mut *transaction)
            .await?;
        let is_stored = done.rows_affected() > 0;
        for item in new.foreign_ids.iter().filter(|_| is_stored) {
            sqlx::query(INSERT_ITEM)
                .bind(&*owner.tenant)
                .bind(&*owner.issuer)
                .bind(&*owner.subject)
                .bind(item)
                .bind(&new.id)
                .execute(&mut *transaction)
                .await?;
        }
        results.push(outcome(new, is_stored));
    }
    transaction.commit().await?;
    Ok(results)
}

async fn insert_in_server(
    pool: &PgPool,
    news: &[&NewResponse],
) -> Result<Vec<Result<(), StoreError>>, sqlx::Error> {
    if news.iter().all(|new| new.foreign_ids.is_empty()) {
        return insert_rows(pool, news).await;
    }
    let mut transaction = pool.begin().await?;
    let results = insert_rows(&mut *transaction, news).await?;
    let stored = news.iter().zip(&results).filter(|(_, result)| result.is_ok());
    let items: Vec<(&NewResponse, &str)> =
        stored.flat_map(|(new, _)| new.foreign_ids.iter().map(|id| (*new, id.as_str()))).collect();
    let column =
        |value: fn(&NewResponse) -> &str| items.iter().map(|(new, _)| value(new)).collect::<Vec<_>>();
    sqlx::query(INSERT_ITEMS)
        .bind(column(|new| &new.owner.tenant))
        .bind(column(|new| &new.owner.issuer))
        .bind(column(|new| &new.owner.subject))
        .bind(items.iter().map(|(_, item)| *item).collect::<Vec<_>>())
        .bind(column(|new| &new.id))
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(results)
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
        .fetch_all(executor)
        .await?;
    let stored: HashSet<&str> = stored.iter().map(String::as_str).collect();
    Ok(news.iter().map(|new| outcome(new, stored.contains(new.id.as_str()))).collect())
}
