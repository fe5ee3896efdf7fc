//! The configuration as it was written, each value with the place it comes from.

use std::fmt;
use std::sync::Arc;

use crate::path::{Path, Step};

/// Where a value was written. Ordered: files by line, then variables by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// In a file, as it was named, at a line and a column that count from 1. Line 0 is the file as a whole.
    File(Arc<str>, usize, usize),
    /// In an environment variable.
    Variable(Arc<str>),
    /// Nowhere: it is a default.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file, 0, _) => formatter.write_str(file),
            Self::File(file, line, column) => write!(formatter, "{file}:{line}:{column}"),
            Self::Variable(name) => write!(formatter, "environment variable {name}"),
            Self::Default => formatter.write_str("configuration"),
        }
    }
}

/// A value and its place.
///
/// Not `Debug`: it may hold secrets that nobody has marked as such yet.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) origin: Origin,
    pub(crate) value: Value,
}

/// What a value is. Scalars stay text: which type they are is the schema's to say, not YAML's.
#[derive(Clone)]
pub(crate) enum Value {
    Null,
    Scalar(Scalar),
    List(Vec<Node>),
    /// Keys in the order of the file, each with its own place.
    Map(Vec<(String, Origin, Node)>),
}

/// A single value.
#[derive(Clone)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// It came out of a `${VAR}`: whatever the key, it may be secret, and errors do not show it.
    pub(crate) expanded: bool,
}

impl Node {
    pub(crate) fn map(origin: Origin) -> Self {
        Self { origin, value: Value::Map(Vec::new()) }
    }

    pub(crate) fn list(origin: Origin, items: Vec<Self>) -> Self {
        Self { origin, value: Value::List(items) }
    }

    pub(crate) fn scalar(origin: Origin, text: impl Into<String>) -> Self {
        Self { origin, value: Value::Scalar(Scalar { text: text.into(), expanded: false }) }
    }

    /// What is at this key of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(name, ..)| name == key).map(|(_, _, node)| node),
            Value::Null | Value::Scalar(_) | Value::List(_) => None,
        }
    }

    /// Puts a value at this key, in place of one that is there. A node that is no map becomes one.
    pub(crate) fn set(&mut self, key: &str, node: Self) {
        let origin = node.origin.clone();
        *self.entry(key, &origin) = node;
    }

    /// What is at this key, made if it is not there. A node that is no map becomes one.
    pub(crate) fn entry(&mut self, key: &str, origin: &Origin) -> &mut Self {
        if !matches!(self.value, Value::Map(_)) {
            self.value = Value::Map(Vec::new());
        }
        let Value::Map(entries) = &mut self.value else { unreachable!("it was made a map just above") };
        let found = entries.iter().position(|(name, ..)| name == key);
        let index = found.unwrap_or(entries.len());
        if found.is_none() {
            let node = Self { origin: origin.clone(), value: Value::Null };
            entries.push((key.to_owned(), origin.clone(), node));
        }
        #[expect(clippy::indexing_slicing, reason = "the index was found or pushed just above")]
        &mut entries[index].2
    }

    /// The place to name for a path: that of the value, or of the nearest thing around it that was written.
    pub(crate) fn origin_of(&self, path: &Path) -> &Origin {
        let mut node = self;
        let mut origin = &self.origin;
        for step in path.steps() {
            let next = match (&node.value, step) {
                (Value::Map(entries), Step::Key(key)) => {
                    entries.iter().find(|(name, ..)| name == key).map(|(_, place, node)| (place, node))
                }
                (Value::List(items), Step::Index(index)) => {
                    items.get(*index).map(|node| (&node.origin, node))
                }
                _ => None,
            };
            let Some((place, below)) = next else { break };
            (origin, node) = (place, below);
        }
        origin
    }
}
