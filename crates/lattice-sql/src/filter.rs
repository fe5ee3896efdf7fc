//! Statements whose conditions depend on what is asked for.

use std::fmt::Write;

/// A value that a statement is given.
#[derive(Debug)]
pub(crate) enum Value<'a> {
    Text(&'a str),
    Number(i64),
}

/// A statement that grows by a condition at a time.
#[derive(Debug)]
pub(crate) struct Filter<'a> {
    sql: String,
    values: Vec<Value<'a>>,
}

impl<'a> Filter<'a> {
    /// Begins with this, up to and with its `WHERE` and the first condition.
    pub(crate) fn new(sql: &str) -> Self {
        Self { sql: sql.to_owned(), values: Vec::new() }
    }

    /// One condition more, with a value in the place of its `?`; none where there is no value.
    pub(crate) fn and(mut self, condition: &str, value: Option<Value<'a>>) -> Self {
        let Some(value) = value else { return self };
        self.values.push(value);
        let place = format!("${}", self.values.len());
        // Writing to a string cannot fail.
        let _ = write!(self.sql, " AND {}", condition.replacen('?', &place, 1));
        self
    }

    /// Its order and its length: one row more than are wanted, which tells whether there are more.
    pub(crate) fn page(mut self, column: &str, is_ascending: bool, limit: usize) -> (String, Vec<Value<'a>>) {
        let order = if is_ascending { "ASC" } else { "DESC" };
        let limit = limit.saturating_add(1);
        let _ = write!(self.sql, " ORDER BY {column} {order} LIMIT {limit}");
        (self.sql, self.values)
    }
}

/// Gives a query its values.
macro_rules! filled {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match value {
                $crate::filter::Value::Text(text) => query.bind(text),
                $crate::filter::Value::Number(number) => query.bind(number),
            };
        }
        query
    }};
}

pub(crate) use filled;
