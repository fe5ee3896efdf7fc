//! `LATTICELM__SECTION__KEY` in the environment, over what the file says.
//!
//! Two underscores go one level down. The rest of the name is the key in capitals; entries of maps are found by their name with
//! everything but letters and digits as `_`, entries of lists by their number.

use serde_json::Value as Json;

use crate::closest::closest;
use crate::environment::Environment;
use crate::error::Report;
use crate::path::Path;
use crate::shape::{is, keys, present};
use crate::tree::{Node, Origin, Value};
use crate::yaml;

/// What the variables start with.
pub(crate) const PREFIX: &str = "LATTICELM__";

/// Puts the variables over the tree.
pub(crate) fn apply(tree: &mut Node, schema: &Json, environment: &Environment, report: &mut Report) {
    // By name, so that a whole list comes before the numbers in it.
    for (name, text) in environment.starting_with(PREFIX) {
        let origin = Origin::Variable(name.into());
        let segments: Vec<&str> = name.get(PREFIX.len()..).unwrap_or_default().split("__").collect();
        let place = Cursor { tree: &mut *tree, schema, path: Path::top() };
        if let Err(message) = place.descend(&segments, text, &origin, report) {
            report.error(&origin, &Path::top(), message);
        }
    }
}

struct Cursor<'a> {
    tree: &'a mut Node,
    schema: &'a Json,
    path: Path,
}

impl Cursor<'_> {
    fn descend(
        mut self,
        segments: &[&str],
        text: &str,
        origin: &Origin,
        report: &mut Report,
    ) -> Result<(), String> {
        let schema = present(self.schema);
        let Some((segment, rest)) = segments.split_first() else {
            *self.tree = value(text, schema, origin, &self.path, report);
            return Ok(());
        };
        if is(schema, "array") {
            let index = self.index(segment)?;
            let below = schema.get("items").unwrap_or(&Json::Null);
            let path = self.path.index(index);
            let Value::List(items) = &mut self.tree.value else { return Ok(()) };
            let Some(item) = items.get_mut(index) else { return Ok(()) };
            return Cursor { tree: item, schema: below, path }.descend(rest, text, origin, report);
        }
        let (key, below) = match keys(schema) {
            Some(known) => match known.iter().find(|(name, _)| capitals(name) == *segment) {
                Some((name, below)) => (name.clone(), below),
                // Setting any key of a section that is not available yet creates the section, so that it is refused later.
                None if is_open(schema) => {
                    let node = Node::scalar(origin.clone(), text);
                    self.tree.set(&segment.to_ascii_lowercase(), node);
                    return Ok(());
                }
                None => return Err(self.unknown(segment, known.keys())),
            },
            None => match schema.get("additionalProperties") {
                Some(below) => (self.entry_named(segment)?, below),
                None => return Err(format!("goes below `{}`, which is a single value", self.path)),
            },
        };
        let path = self.path.key(&key);
        Cursor { tree: self.tree.entry(&key, origin), schema: below, path }
            .descend(rest, text, origin, report)
    }

    /// The index of an existing list item, or of the next one, which is then appended as null.
    fn index(&mut self, segment: &str) -> Result<usize, String> {
        if !matches!(self.tree.value, Value::List(_)) {
            self.tree.value = Value::List(Vec::new());
        }
        let Value::List(items) = &mut self.tree.value else { return Ok(0) };
        let next = items.len();
        match segment.parse::<usize>() {
            Ok(index) if index < next => Ok(index),
            Ok(index) if index == next => {
                items.push(Node { origin: self.tree.origin.clone(), value: Value::Null });
                Ok(index)
            }
            _ => Err(format!("must name an item of `{}` by its number, from 0 to {next}", self.path)),
        }
    }

    /// The map key that equals `segment` once capitalised, else `segment` in lower case for a new entry.
    fn entry_named(&self, segment: &str) -> Result<String, String> {
        let Value::Map(entries) = &self.tree.value else { return Ok(segment.to_ascii_lowercase()) };
        let mut same = entries.iter().map(|(name, ..)| name).filter(|name| capitals(name) == segment);
        match (same.next(), same.next()) {
            (Some(one), Some(other)) => {
                Err(format!("could mean `{0}.{one}` or `{0}.{other}`; rename one of them", self.path))
            }
            (Some(name), None) => Ok(name.clone()),
            (None, _) if segment.is_empty() => Err("has a level without a name".to_owned()),
            (None, _) => Ok(segment.to_ascii_lowercase()),
        }
    }

    fn unknown<'k>(&self, segment: &str, known: impl Iterator<Item = &'k String> + Clone) -> String {
        let path = self.path.key(&segment.to_ascii_lowercase());
        let hint = match closest(segment, known.clone().map(String::as_str)) {
            Some(found) => format!("Did you mean {}{}?", variable(&self.path), capitals(found)),
            None => format!("Known here: {}", known.map(|key| capitals(key)).collect::<Vec<_>>().join(", ")),
        };
        format!("would set `{path}`, which is not a known key. {hint}")
    }
}

/// Whether a map with fixed keys takes others too.
fn is_open(schema: &Json) -> bool {
    keys(schema).is_some() && schema.get("additionalProperties").is_none()
}

/// How the variables for the keys below a path start.
fn variable(path: &Path) -> String {
    let mut name = PREFIX.to_owned();
    for step in path.steps() {
        match step {
            crate::path::Step::Key(key) => name.push_str(&capitals(key)),
            crate::path::Step::Index(index) => name.push_str(&index.to_string()),
        }
        name.push_str("__");
    }
    name
}

fn capitals(name: &str) -> String {
    let capital =
        |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' };
    name.chars().map(capital).collect()
}

/// A single value is taken as it is. A list or a map is read as YAML; a list of single values may also be `a,b,c`.
fn value(text: &str, schema: &Json, origin: &Origin, path: &Path, report: &mut Report) -> Node {
    let (list, map) = (is(schema, "array"), is(schema, "object"));
    if !list && !map {
        return Node::scalar(origin.clone(), text);
    }
    let simple_items = schema.get("items").is_some_and(|items| !is(present(items), "object"));
    if list && simple_items && !text.trim_start().starts_with(['[', '-']) {
        let items = text.split(',').map(|item| Node::scalar(origin.clone(), item.trim())).collect();
        return Node::list(origin.clone(), items);
    }
    let mut inner = Report::default();
    match yaml::parse(text, &|_, _| origin.clone(), &mut inner) {
        Some(node) if inner.is_clean() => node,
        _ => {
            report.error(origin, path, "must be a list or a map in YAML, such as `[a, b]` or `{key: value}`");
            Node { origin: origin.clone(), value: Value::Null }
        }
    }
}
