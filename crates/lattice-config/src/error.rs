//! What is wrong with a configuration, all of it at once, and where.
//!
//! Invariant: no message holds a secret (A10). Values of secret keys and of `${VAR}` are never put into one, and whatever a
//! message quotes from elsewhere goes through [`Report::finish`], which blots them out.

use std::fmt;

use crate::path::Path;
use crate::tree::Origin;
use crate::watch::Seen;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Where the value was written.
    pub origin: Origin,
    /// The key, by its path such as `models[0].provider`; empty for the file as a whole.
    pub key: String,
    /// What is wrong and what to do; follows the key in a sentence.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.origin)?;
        if !self.key.is_empty() {
            write!(formatter, "`{}` ", self.key)?;
        }
        formatter.write_str(&self.message)
    }
}

/// Everything that is wrong, in the order of the file; one line each when displayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    errors: Vec<ConfigError>,
    seen: Vec<Seen>,
}

impl ConfigErrors {
    /// The errors, at least one.
    pub fn errors(&self) -> &[ConfigError] {
        &self.errors
    }

    /// The files that were read: a change of one may set things right.
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, error) in self.errors.iter().enumerate() {
            if number > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Collects errors, and the secrets that must not appear in them.
#[derive(Default)]
pub(crate) struct Report {
    errors: Vec<(Path, ConfigError)>,
    secrets: Vec<String>,
    /// What was read.
    pub(crate) seen: Vec<Seen>,
}

/// Shorter values are not blotted out: they would blot out half of the words too, and guard nothing.
const SHORTEST_SECRET: usize = 6;

impl Report {
    /// Notes an error.
    pub(crate) fn error(&mut self, origin: &Origin, path: &Path, message: impl Into<String>) {
        let error = ConfigError { origin: origin.clone(), key: path.to_string(), message: message.into() };
        self.errors.push((path.clone(), error));
    }

    /// Notes a value that no message may hold.
    pub(crate) fn secret(&mut self, value: &str) {
        if value.len() >= SHORTEST_SECRET {
            self.secrets.push(value.to_owned());
        }
    }

    /// Whether this key, or something in it, is wrong already: then it is not missing.
    pub(crate) fn is_wrong(&self, path: &Path) -> bool {
        self.errors.iter().any(|(wrong, _)| wrong.starts_with(path))
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.errors.is_empty()
    }

    /// The result, if nothing is wrong.
    pub(crate) fn finish<T>(mut self, result: Option<T>) -> Result<T, ConfigErrors> {
        if let (Some(result), true) = (result, self.errors.is_empty()) {
            return Ok(result);
        }
        // The longest first, so that a secret within another does not leave the rest of it standing.
        self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mut errors: Vec<_> = self.errors.into_iter().map(|(_, error)| error).collect();
        for error in &mut errors {
            for secret in &self.secrets {
                if error.message.contains(secret.as_str()) {
                    error.message = error.message.replace(secret.as_str(), "***");
                }
            }
        }
        errors.sort_by(|one, other| one.origin.cmp(&other.origin));
        errors.dedup();
        Err(ConfigErrors { errors, seen: self.seen })
    }
}
