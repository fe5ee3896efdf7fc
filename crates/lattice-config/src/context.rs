//! What every section's check needs: where values were written, the report, and the outside.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::Report;
use crate::path::{Path, Step};
use crate::tree::{Node, Origin, Value};
use crate::value::Period;
use crate::watch;

/// What a check needs.
pub(crate) struct Context<'a> {
    pub(crate) tree: &'a Node,
    pub(crate) report: &'a mut Report,
    /// What relative paths in the configuration start from.
    pub(crate) folder: PathBuf,
}

impl Context<'_> {
    /// Notes an error at the place where the key was written.
    pub(crate) fn error(&mut self, path: &Path, message: impl Into<String>) {
        let origin = self.tree.origin_of(path).clone();
        self.report.error(&origin, path, message);
    }

    /// Notes that a key is not there, unless it was there and wrong.
    pub(crate) fn missing(&mut self, path: &Path, message: &str) {
        if !self.report.is_wrong(path) {
            self.error(path, message);
        }
    }

    /// The value at a path for an error to show, if it may be shown.
    pub(crate) fn quote(&self, path: &Path) -> String {
        let mut node = Some(self.tree);
        for step in path.steps() {
            node = match (step, node.map(|node| &node.value)) {
                (Step::Key(key), _) => node.and_then(|node| node.get(key)),
                (Step::Index(index), Some(Value::List(items))) => items.get(*index),
                (Step::Index(_), _) => None,
            };
        }
        match node.map(|node| &node.value) {
            Some(Value::Scalar(scalar)) if !scalar.expanded => format!("`{}`", scalar.text),
            Some(Value::Scalar(_)) => "the value of its `${...}`".to_owned(),
            _ => "the value".to_owned(),
        }
    }

    /// Where a key was written.
    pub(crate) fn origin(&self, path: &Path) -> &Origin {
        self.tree.origin_of(path)
    }

    /// A duration of more than nothing, or the default.
    pub(crate) fn duration(&mut self, path: &Path, period: Option<&Period>, default: Duration) -> Duration {
        let Some(period) = period else { return default };
        match period.duration() {
            Some(duration) if !duration.is_zero() => duration,
            _ => {
                let message = format!(
                    "must be a duration of more than nothing such as `250ms`, `10s`, `5m` or `1h`, not {}",
                    self.quote(path)
                );
                self.error(path, message);
                default
            }
        }
    }

    /// A file's path, from the configuration's folder.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// Whether a file can be read that the configuration names. It is watched from then on.
    pub(crate) fn look(&mut self, file: &str, limit: u64) -> std::io::Result<()> {
        let (seen, looked) = watch::look(&self.file(file), limit);
        self.report.seen.push(seen);
        looked
    }

    /// What a file holds that the configuration names, of at most so many bytes. It is watched from then on.
    pub(crate) fn read(&mut self, file: &str, limit: u64) -> std::io::Result<String> {
        let (seen, text) = watch::read(&self.file(file), limit);
        self.report.seen.push(seen);
        text
    }
}
