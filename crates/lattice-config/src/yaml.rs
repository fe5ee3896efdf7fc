//! Reads YAML into a tree that remembers lines and columns.
//!
//! Scalars stay text, so `on`, `1.10` and `2024-10-21` are kept as written: the schema decides their type.

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Marker, Parser, ScalarStyle, StrInput, Tag};

use crate::error::Report;
use crate::path::Path;
use crate::tree::{Node, Origin, Scalar, Value};

/// The most values in a configuration: YAML aliases can make a small file huge.
const NODES: usize = 100_000;

/// The deepest nesting of lists and maps that is accepted.
const DEPTH: usize = 64;

/// A mistake in the file that leaves nothing to go on with.
struct Broken(Origin, String);

/// Reads one document. `None` when it cannot be read, which the report says.
pub(crate) fn parse(text: &str, at: &dyn Fn(usize, usize) -> Origin, report: &mut Report) -> Option<Node> {
    let mut reader =
        Reader { events: Parser::new_from_str(text), at, report, anchors: HashMap::new(), nodes: 0 };
    match reader.document() {
        Ok(node) => Some(node),
        Err(Broken(origin, message)) => {
            report.error(&origin, &Path::top(), message);
            None
        }
    }
}

/// The places in a file.
pub(crate) fn places(file: &str) -> impl Fn(usize, usize) -> Origin + use<> {
    let file: Arc<str> = file.into();
    move |line, column| Origin::File(Arc::clone(&file), line, column)
}

struct Reader<'a, 'text> {
    events: Parser<'text, StrInput<'text>>,
    at: &'a dyn Fn(usize, usize) -> Origin,
    report: &'a mut Report,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

impl<'text> Reader<'_, 'text> {
    fn next(&mut self) -> Result<(Event<'text>, Origin), Broken> {
        match self.events.next_event() {
            Some(Ok((event, span))) => Ok((event, self.place(&span.start))),
            Some(Err(error)) => {
                let message = format!("is not valid YAML here: {}", error.kind());
                Err(Broken(self.place(error.marker()), message))
            }
            None => Ok((Event::StreamEnd, (self.at)(0, 0))),
        }
    }

    fn place(&self, mark: &Marker) -> Origin {
        (self.at)(mark.line(), mark.col() + 1)
    }

    fn document(&mut self) -> Result<Node, Broken> {
        let mut root = None;
        loop {
            let (event, origin) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(..) if root.is_some() => {
                    return Err(Broken(origin, "holds a second document; only one is read".to_owned()));
                }
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                event => root = Some(self.node(event, origin, &Path::top(), 0)?),
            }
        }
        Ok(root.unwrap_or_else(|| Node { origin: (self.at)(0, 0), value: Value::Null }))
    }

    fn node(
        &mut self,
        event: Event<'text>,
        origin: Origin,
        path: &Path,
        depth: usize,
    ) -> Result<Node, Broken> {
        self.nodes += 1;
        if self.nodes > NODES || depth > DEPTH {
            return Err(Broken(
                origin,
                "holds more values, or deeper ones, than a configuration can".to_owned(),
            ));
        }
        let before = self.nodes;
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &origin, path);
                (anchor, scalar(&text, style))
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &origin, path);
                (anchor, self.list(path, depth)?)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &origin, path);
                (anchor, self.map(path, depth)?)
            }
            Event::Alias(anchor) => return self.alias(anchor, origin),
            _ => return Err(Broken(origin, "is not valid YAML here".to_owned())),
        };
        let node = Node { origin, value };
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), self.nodes - before + 1));
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, origin: Origin) -> Result<Node, Broken> {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            return Err(Broken(origin, "is not valid YAML here: an anchor that holds itself".to_owned()));
        };
        self.nodes = self.nodes.saturating_add(*size);
        if self.nodes > NODES {
            return Err(Broken(origin, "holds more values than a configuration can".to_owned()));
        }
        Ok(node.clone())
    }

    fn list(&mut self, path: &Path, depth: usize) -> Result<Value, Broken> {
        let mut items = Vec::new();
        loop {
            let (event, origin) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Value::List(items));
            }
            items.push(self.node(event, origin, &path.index(items.len()), depth + 1)?);
        }
    }

    fn map(&mut self, path: &Path, depth: usize) -> Result<Value, Broken> {
        let mut entries: Vec<(String, Origin, Node)> = Vec::new();
        loop {
            let (event, origin) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(Value::Map(entries)),
                Event::Scalar(text, ..) => text.into_owned(),
                _ => return Err(Broken(origin, "has a key here that is not a plain name".to_owned())),
            };
            let (event, place) = self.next()?;
            let below = path.key(&key);
            let node = self.node(event, place, &below, depth + 1)?;
            match entries.iter().find(|(name, ..)| *name == key) {
                Some((_, first, _)) => {
                    let message = format!("is there twice; the first is at {first}. Keep one");
                    self.report.error(&origin, &below, message);
                }
                None => entries.push((key, origin, node)),
            }
        }
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, origin: &Origin, path: &Path) {
        if tag.is_some_and(|tag| !tag.is_yaml_core_schema()) {
            self.report.error(origin, path, "has a YAML tag, which means nothing here; take it out");
        }
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if matches!(style, ScalarStyle::Plain) && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Value::Null;
    }
    Value::Scalar(Scalar { text: text.to_owned(), expanded: false })
}
