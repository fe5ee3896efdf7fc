//! `database`: where what is remembered is kept.

use std::fmt;
use std::path::{Path as FilePath, PathBuf};

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::context::Context;
use crate::environment::Environment;
use crate::path::Path;
use crate::value::Secret;

/// The file in the data folder.
const FILE: &str = "latticelm.db";

/// The variable that stands for `database.url`.
const URL: &str = "DATABASE_URL";

/// `database` as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawDatabase {
    /// `postgres://USER:PASSWORD@HOST:PORT/NAME` for a PostgreSQL server, or `sqlite:FILE`. Without it the variable `DATABASE_URL` counts, and
    /// without that a file of SQLite in `data_dir` is made.
    url: Option<Secret>,
    /// Encrypts what is stored: base64 of 32 bytes. Several are separated by commas: the first one encrypts, the others read what was
    /// encrypted with them before. Without it the variable `ENCRYPTION_KEY` counts, and without that nothing is encrypted.
    pub(crate) encryption_key: Option<Secret>,
    /// The folder for what the gateway keeps; `--data-dir` wins. Default `$XDG_DATA_HOME/latticelm`, or `~/.local/share/latticelm`.
    data_dir: Option<String>,
}

/// Where the database is.
#[derive(Clone)]
pub enum Database {
    /// A file of SQLite.
    File(PathBuf),
    /// A `PostgreSQL` server's address, with its password.
    Server(SecretString),
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

impl PartialEq for Database {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(two)) => one == two,
            (Self::Server(one), Self::Server(two)) => one.expose_secret() == two.expose_secret(),
            (Self::File(_), Self::Server(_)) | (Self::Server(_), Self::File(_)) => false,
        }
    }
}

impl fmt::Display for Database {
    /// For people: no user and no password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(formatter, "{}", file.display()),
            Self::Server(url) => match url::Url::parse(url.expose_secret()) {
                Ok(url) => {
                    let host = url.host_str().unwrap_or("localhost");
                    write!(formatter, "PostgreSQL at {host}{}", url.path())
                }
                Err(_) => write!(formatter, "PostgreSQL"),
            },
        }
    }
}

/// The section, and the variable that stands for it.
pub(crate) fn check(
    raw: Option<&RawDatabase>,
    environment: &Environment,
    context: &mut Context<'_>,
) -> Database {
    let path = Path::of(&["database"]);
    let folder = raw.and_then(|raw| raw.data_dir.as_deref()).map(|folder| context.file(folder));
    let file = folder.unwrap_or_else(|| usual_folder(environment)).join(FILE);
    let written = raw.and_then(|raw| raw.url.as_ref()).map(Secret::expose);
    let read = match (written, environment.get(URL)) {
        (Some(url), _) => (url, None),
        (None, Some(url)) => (url, Some(URL)),
        (None, None) => return Database::File(file),
    };
    match parse(read.0) {
        Ok(database) => database,
        Err(what) => {
            // The value may hold a password, so it is not quoted.
            match read.1 {
                Some(variable) => context.error(&path, format!("the variable {variable} {what}")),
                None => context.error(&path.key("url"), what),
            }
            Database::File(file)
        }
    }
}

fn parse(url: &str) -> Result<Database, &'static str> {
    const KINDS: &str = "must begin with `postgres://`, `postgresql://` or `sqlite:`";
    let Some((scheme, rest)) = url.split_once(':') else { return Err(KINDS) };
    match scheme {
        "postgres" | "postgresql" => match url::Url::parse(url) {
            Ok(url) if url.path().len() > 1 => Ok(Database::Server(url.to_string().into())),
            Ok(_) => Err("names no database: it must end in `/NAME`"),
            Err(_) => Err(
                "is no address: write `postgres://USER:PASSWORD@HOST:PORT/NAME`, with special characters as %XX",
            ),
        },
        "sqlite" => match rest.strip_prefix("//").unwrap_or(rest) {
            "" | ":memory:" => Err("must name a file: what is stored has to outlive the process"),
            file => Ok(Database::File(PathBuf::from(file))),
        },
        _ => Err(KINDS),
    }
}

/// Where programs keep their data: <https://specifications.freedesktop.org/basedir-spec/latest/>.
fn usual_folder(environment: &Environment) -> PathBuf {
    let absolute = |name| environment.get(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")));
    data.map_or_else(|| FilePath::new("latticelm-data").to_owned(), |data| data.join("latticelm"))
}
