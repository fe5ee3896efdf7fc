//! Adding to a conversation: places are reserved first, so that what one turn adds stands together, in the order of the commits.

use lattice_store::{Addition, Entry};
use sqlx::{PgConnection, SqliteConnection};

/// Takes the next places and lets the conversation's time begin again; nothing where it is not there.
pub(crate) const RESERVE: &str = "UPDATE conversations SET next_position = next_position + $1, expires_at = $2 + ttl \
    WHERE id = $3 AND tenant = $4 AND issuer = COALESCE($5, issuer) AND subject = COALESCE($6, subject) AND (expires_at IS NULL OR expires_at > $2) \
    RETURNING next_position";

const INSERT_ENTRY: &str =
    "INSERT INTO conversation_items (conversation_id, position, id, item) VALUES ($1, $2, $3, $4)";

const INSERT_ENTRIES: &str = "INSERT INTO conversation_items (conversation_id, position, id, item) \
    SELECT * FROM UNNEST($1::text[], $2::bigint[], $3::text[], $4::bytea[])";

/// The place of the first of the entries; `None` where the conversation is not there.
macro_rules! reserve {
    ($connection:expr, $addition:expr) => {{
        let count = i64::try_from($addition.entries.len()).unwrap_or(i64::MAX);
        let end: Result<Option<i64>, sqlx::Error> = sqlx::query_scalar($crate::additions::RESERVE)
            .bind(count)
            .bind($addition.now)
            .bind(&$addition.conversation)
            .bind(&*$addition.reach.owner.tenant)
            .bind($addition.reach.issuer())
            .bind($addition.reach.subject())
            .fetch_optional($connection)
            .await;
        end.map(|end| end.map(|end| end.saturating_sub(count)))
    }};
}

pub(crate) use reserve;

/// An addition whose places are reserved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed<'a> {
    pub(crate) addition: &'a Addition,
    pub(crate) start: i64,
}

impl<'a> Placed<'a> {
    fn entries(self) -> impl Iterator<Item = (&'a str, i64, &'a Entry)> {
        let places = self.addition.entries.iter().zip(self.start..);
        places.map(move |(entry, position)| (self.addition.conversation.as_str(), position, entry))
    }
}

pub(crate) async fn insert_in_file(
    connection: &mut SqliteConnection,
    placed: Placed<'_>,
) -> Result<(), sqlx::Error> {
    for (conversation, position, entry) in placed.entries() {
        sqlx::query(INSERT_ENTRY)
            .bind(conversation)
            .bind(position)
            .bind(&entry.id)
            .bind(entry.item.as_ref())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(crate) async fn insert_in_server(
    connection: &mut PgConnection,
    placed: &[Placed<'_>],
) -> Result<(), sqlx::Error> {
    let all: Vec<(&str, i64, &Entry)> = placed.iter().flat_map(|placed| placed.entries()).collect();
    if all.is_empty() {
        return Ok(());
    }
    sqlx::query(INSERT_ENTRIES)
        .bind(all.iter().map(|(conversation, ..)| *conversation).collect::<Vec<_>>())
        .bind(all.iter().map(|(_, position, _)| *position).collect::<Vec<_>>())
        .bind(all.iter().map(|(.., entry)| entry.id.as_str()).collect::<Vec<_>>())
        .bind(all.iter().map(|(.., entry)| entry.item.as_ref()).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
