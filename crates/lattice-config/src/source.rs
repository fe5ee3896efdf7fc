//! Where the configuration comes from.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::environment::Environment;

/// Files that are taken without being named, in the working directory.
pub const DEFAULT_FILES: [&str; 2] = ["config.yaml", "latticelm.yaml"];

/// Where the configuration comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// This file.
    File(PathBuf),
    /// No file: zero configuration.
    Environment,
}

impl Source {
    /// The file that was named on the command line, else in `LATTICELM_CONFIG`, else one of [`DEFAULT_FILES`] in `folder` if it is
    /// there, else the environment alone.
    pub fn find(given: Option<PathBuf>, environment: &Environment, folder: &Path) -> Self {
        given
            .or_else(|| environment.get("LATTICELM_CONFIG").map(PathBuf::from))
            .or_else(|| DEFAULT_FILES.iter().map(|name| folder.join(name)).find(|file| file.is_file()))
            .map_or(Self::Environment, Self::File)
    }

    /// The file, if there is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(file) => Some(file),
            Self::Environment => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(formatter),
            Self::Environment => formatter.write_str("the environment, without a file"),
        }
    }
}
