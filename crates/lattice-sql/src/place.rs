//! Where the data are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lattice_store::StoreError;
use secrecy::SecretString;

/// How often the file is looked at.
const LOOKED: Duration = Duration::from_secs(1);

/// Where the data are.
#[derive(Debug, Clone)]
pub enum Place {
    /// A file of SQLite; its folder is made where it is missing.
    File(PathBuf),
    /// A `PostgreSQL` server: `postgres://user:password@host:port/database`.
    Server(SecretString),
}

impl Place {
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(file) => Some(file),
            Self::Server(_) => None,
        }
    }

    /// Makes the file and its folder where they are missing: what is stored is for the gateway's own user.
    pub(crate) fn make(&self) -> Result<(), StoreError> {
        let Some(file) = self.file() else { return Ok(()) };
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            make_folder(folder)?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // SQLite gives the files that it makes beside it the same rights.
        let away = |what| StoreError::Unavailable(format!("{} cannot be written: {what}", file.display()));
        options.open(file).map(|_| ()).map_err(away)
    }

    /// Which file is there now.
    pub(crate) fn identity(&self) -> Option<Identity> {
        self.file().and_then(identity)
    }

    /// Done when another file, or none, stands in the place of that one: what is written goes nowhere then.
    pub(crate) async fn replaced(&self, there: Option<Identity>) {
        loop {
            tokio::time::sleep(LOOKED).await;
            if self.identity() != there {
                return;
            }
        }
    }

    /// The same error, with the file that it is about: what SQLite says does not name it.
    pub(crate) fn located(&self, error: StoreError) -> StoreError {
        match (error, self.file()) {
            (StoreError::Unavailable(why), Some(file)) => {
                StoreError::Unavailable(format!("{}: {why}", file.display()))
            }
            (error, _) => error,
        }
    }
}

/// What tells a file from another of the same name: its device and its number there.
pub(crate) type Identity = (u64, u64);

/// What tells a file from another of the same name.
#[cfg(unix)]
fn identity(file: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(file).ok().map(|data| (data.dev(), data.ino()))
}

#[cfg(not(unix))]
fn identity(file: &Path) -> Option<Identity> {
    file.exists().then_some((0, 0))
}

fn make_folder(folder: &Path) -> Result<(), StoreError> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let away =
        |what| StoreError::Unavailable(format!("the folder {} cannot be made: {what}", folder.display()));
    builder.create(folder).map_err(away)
}
