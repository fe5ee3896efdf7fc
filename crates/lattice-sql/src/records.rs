//! Records in SQL: reading them.

use async_trait::async_trait;
use lattice_store::StoreError;
use lattice_store::records::{
    Change, Deed, Entry, Hash, Kind, Looked, Outcome, Record, Records, Repeatable, Revision, Secret, Wanted,
};
use sqlx::AssertSqlSafe;

use crate::database::Database;
use crate::filter::{Filter, Value, filled};
use crate::pools::{reading, writing};

pub(crate) const REVISION: &str = "SELECT changes, callers, settings FROM revisions WHERE id = 1";

/// The columns of a record, but for its kind.
macro_rules! columns {
    () => {
        "id, tenant, owner, lookup, name, status, created_at, updated_at, version, document"
    };
}

pub(crate) const RECORD: &str = concat!("SELECT ", columns!(), " FROM records WHERE kind = $1 AND id = $2");

pub(crate) const LOOKED_UP: &str =
    concat!("SELECT ", columns!(), " FROM records WHERE kind = $1 AND lookup = $2 AND lookup IS NOT NULL");

const RECORDS: &str = concat!("SELECT ", columns!(), " FROM records WHERE 1 = 1");

pub(crate) const SECRET: &str = "SELECT key_id, expires_at FROM key_secrets WHERE hash = $1";

pub(crate) const SECRETS: &str = "SELECT hash, expires_at FROM key_secrets WHERE key_id = $1";

const LOG: &str =
    "SELECT number, at, tenant, actor, action, object, object_id, detail FROM audit WHERE 1 = 1";

pub(crate) const REPEATED: &str =
    "SELECT request, answer, expires_at FROM repeatable WHERE name = $1 AND expires_at > $2";

pub(crate) const NOTE_USE: &str = "INSERT INTO key_uses (key_id, used_at) VALUES ($1, $2) \
    ON CONFLICT (key_id) DO UPDATE SET used_at = excluded.used_at WHERE key_uses.used_at < excluded.used_at";

pub(crate) const USE: &str = "SELECT used_at FROM key_uses WHERE key_id = $1";

type Row = (String, String, String, Option<String>, String, String, i64, i64, i64, Vec<u8>);
type LogRow = (i64, i64, String, String, String, String, String, Vec<u8>);

#[async_trait]
impl Records for Database {
    async fn revision(&self) -> Result<Revision, StoreError> {
        self.shared.health.ready()?;
        let row: Result<(i64, i64, i64), _> =
            reading!(&self.shared.pools(), pool => sqlx::query_as(REVISION).fetch_one(pool).await);
        let (changes, callers, settings) = row.map_err(|failed| self.shared.failed(&failed))?;
        Ok(Revision { changes, callers, settings })
    }

    async fn record(&self, kind: Kind, id: &str) -> Result<Option<Record>, StoreError> {
        self.one(kind, RECORD, id).await
    }

    async fn looked_up(&self, kind: Kind, lookup: &str) -> Result<Option<Record>, StoreError> {
        self.one(kind, LOOKED_UP, lookup).await
    }

    async fn records(&self, wanted: Wanted<'_>) -> Result<Vec<Record>, StoreError> {
        self.shared.health.ready()?;
        let search = wanted.search.map(|search| format!("%{}%", escaped(search)));
        let (sql, values) = records(&wanted, search.as_deref());
        let rows: Result<Vec<Row>, _> = reading!(&self.shared.pools(), pool => {
            filled!(sqlx::query_as(AssertSqlSafe(sql)), values).fetch_all(pool).await
        });
        let rows = rows.map_err(|failed| self.shared.failed(&failed))?;
        rows.into_iter().map(|row| self.opened_record(wanted.kind, row)).collect()
    }

    async fn holder_of(&self, hash: &Hash) -> Result<Option<(Record, Secret)>, StoreError> {
        self.shared.health.ready()?;
        let row: Result<Option<(String, Option<i64>)>, _> = reading!(&self.shared.pools(), pool => {
            sqlx::query_as(SECRET).bind(&hash[..]).fetch_optional(pool).await
        });
        let Some((key, expires_at)) = row.map_err(|failed| self.shared.failed(&failed))? else {
            return Ok(None);
        };
        let record = self.record(Kind::Key, &key).await?;
        Ok(record.map(|record| (record, Secret { hash: *hash, expires_at })))
    }

    async fn secrets(&self, key: &str) -> Result<Vec<Secret>, StoreError> {
        self.shared.health.ready()?;
        let rows: Result<Vec<(Vec<u8>, Option<i64>)>, _> = reading!(&self.shared.pools(), pool => {
            sqlx::query_as(SECRETS).bind(key).fetch_all(pool).await
        });
        let rows = rows.map_err(|failed| self.shared.failed(&failed))?;
        rows.into_iter()
            .map(|(hash, expires_at)| Ok(Secret { hash: read_hash(&hash)?, expires_at }))
            .collect()
    }

    async fn change(&self, change: Change) -> Result<Outcome, StoreError> {
        self.make(change).await
    }

    async fn log(&self, looked: Looked<'_>) -> Result<Vec<Entry>, StoreError> {
        self.shared.health.ready()?;
        let (sql, values) = log(&looked);
        let rows: Result<Vec<LogRow>, _> = reading!(&self.shared.pools(), pool => {
            filled!(sqlx::query_as(AssertSqlSafe(sql)), values).fetch_all(pool).await
        });
        let rows = rows.map_err(|failed| self.shared.failed(&failed))?;
        rows.into_iter().map(|row| self.opened_entry(row)).collect()
    }

    async fn repeated(&self, name: &Hash, now: i64) -> Result<Option<Repeatable>, StoreError> {
        self.shared.health.ready()?;
        let row: Result<Option<(Vec<u8>, Vec<u8>, i64)>, _> = reading!(&self.shared.pools(), pool => {
            sqlx::query_as(REPEATED).bind(&name[..]).bind(now).fetch_optional(pool).await
        });
        let row = row.map_err(|failed| self.shared.failed(&failed))?;
        let read = |(request, answer, expires_at): (Vec<u8>, Vec<u8>, i64)| {
            Ok(Repeatable { name: *name, request: read_hash(&request)?, answer: answer.into(), expires_at })
        };
        row.map(read).transpose()
    }

    async fn note_uses(&self, uses: &[(String, i64)]) -> Result<(), StoreError> {
        self.shared.health.ready()?;
        let noted = writing!(&self.shared.pools(), pool => async {
            let mut transaction = pool.begin().await?;
            for (key, at) in uses {
                sqlx::query(NOTE_USE).bind(key).bind(at).execute(&mut *transaction).await?;
            }
            transaction.commit().await
        }.await);
        noted.map_err(|failed: sqlx::Error| self.shared.failed(&failed))
    }

    async fn uses(&self, keys: &[&str]) -> Result<Vec<(String, i64)>, StoreError> {
        self.shared.health.ready()?;
        let mut found = Vec::new();
        for key in keys {
            let used: Result<Option<i64>, _> = reading!(&self.shared.pools(), pool => {
                sqlx::query_scalar(USE).bind(*key).fetch_optional(pool).await
            });
            let used = used.map_err(|failed| self.shared.failed(&failed))?;
            found.extend(used.map(|used| ((*key).to_owned(), used)));
        }
        Ok(found)
    }
}

impl Database {
    async fn one(&self, kind: Kind, statement: &'static str, by: &str) -> Result<Option<Record>, StoreError> {
        self.shared.health.ready()?;
        let row: Result<Option<Row>, _> = reading!(&self.shared.pools(), pool => {
            sqlx::query_as(statement).bind(kind.name()).bind(by).fetch_optional(pool).await
        });
        let row = row.map_err(|failed| self.shared.failed(&failed))?;
        row.map(|row| self.opened_record(kind, row)).transpose()
    }

    fn opened_record(&self, kind: Kind, row: Row) -> Result<Record, StoreError> {
        let (id, tenant, owner, lookup, name, status, created_at, updated_at, version, document) = row;
        let document = self.keyring.open(document.into(), &record_place(kind, &id))?;
        Ok(Record {
            kind,
            id,
            tenant,
            owner,
            lookup,
            name,
            status,
            created_at,
            updated_at,
            version,
            document,
        })
    }

    fn opened_entry(&self, row: LogRow) -> Result<Entry, StoreError> {
        let (number, at, tenant, actor, action, object, object_id, detail) = row;
        let detail = self.keyring.open(detail.into(), &entry_place(&object, &object_id))?;
        Ok(Entry { number, deed: Deed { at, tenant, actor, action, object, object_id, detail } })
    }
}

pub(crate) fn read_hash(bytes: &[u8]) -> Result<Hash, StoreError> {
    bytes.try_into().map_err(|_| StoreError::Unreadable("a hash has another length".to_owned()))
}

/// The statement for a page of records.
pub(crate) fn records<'a>(wanted: &Wanted<'a>, search: Option<&'a str>) -> (String, Vec<Value<'a>>) {
    let after = if wanted.is_ascending { "id > ?" } else { "id < ?" };
    Filter::new(RECORDS)
        .and("kind = ?", Some(Value::Text(wanted.kind.name())))
        .and("tenant = ?", wanted.tenant.map(Value::Text))
        .and("owner = ?", wanted.owner.map(Value::Text))
        .and("status = ?", wanted.status.map(Value::Text))
        .and("LOWER(name) LIKE LOWER(?) ESCAPE '\\'", search.map(Value::Text))
        .and(after, wanted.after.map(Value::Text))
        .page("id", wanted.is_ascending, wanted.limit)
}

/// The statement for a page of the log.
pub(crate) fn log<'a>(looked: &Looked<'a>) -> (String, Vec<Value<'a>>) {
    let after = if looked.is_ascending { "number > ?" } else { "number < ?" };
    Filter::new(LOG)
        .and("tenant = ?", looked.tenant.map(Value::Text))
        .and("actor = ?", looked.actor.map(Value::Text))
        .and("action = ?", looked.action.map(Value::Text))
        .and("object = ?", looked.object.map(Value::Text))
        .and("object_id = ?", looked.object_id.map(Value::Text))
        .and("at >= ?", looked.from.map(Value::Number))
        .and("at < ?", looked.to.map(Value::Number))
        .and(after, looked.after.map(Value::Number))
        .page("number", looked.is_ascending, looked.limit)
}

/// A text whose signs mean nothing to `LIKE`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// Where encrypted values stand: these must not change.
pub(crate) fn record_place(kind: Kind, id: &str) -> String {
    format!("records/{}/{id}", kind.name())
}

pub(crate) fn entry_place(object: &str, id: &str) -> String {
    format!("audit/{object}/{id}")
}
