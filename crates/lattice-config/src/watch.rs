//! Says when a file that was read holds something else.
//!
//! The files themselves are read again, each second: what they hold is compared with what was read, wherever links, swapped folders and
//! editors have put it. Nothing that happens between a reading and the watch is missed, and nothing beside the files matters.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often files are read again.
const PACE: Duration = Duration::from_secs(1);

/// How long a file must stay as it is before it is taken, so that a half-written one is not.
const QUIET: Duration = Duration::from_millis(100);

/// How often that is waited for: a file that is always being written is taken as it is.
const PATIENCE: usize = 10;

/// A file that was read, and what it held, as a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    file: PathBuf,
    /// More than that is not read of it, in bytes.
    limit: u64,
    /// `None` if it could not be read.
    print: Option<u64>,
}

/// Reads a file of at most so many bytes. The first result is to be watched, whatever became of the second.
pub(crate) fn read(file: &Path, limit: u64) -> (Seen, io::Result<String>) {
    let bytes = bytes(file, limit);
    let seen = Seen { file: file.to_owned(), limit, print: bytes.as_deref().ok().map(print) };
    let text = bytes.and_then(|bytes| {
        if bytes.len() as u64 > limit {
            return Err(io::Error::other(format!("it is larger than {limit} bytes")));
        }
        String::from_utf8(bytes).map_err(|_| io::Error::other("it is not text in UTF-8"))
    });
    (seen, text)
}

/// Looks whether a file can be read, without reading what can be read only once.
pub(crate) fn look(file: &Path, limit: u64) -> (Seen, io::Result<()>) {
    let opened = std::fs::File::open(file).and_then(|opened| opened.metadata());
    let content = match opened {
        Ok(metadata) if metadata.is_file() => bytes(file, limit).map(Some),
        Ok(_) => Ok(None),
        Err(error) => Err(error),
    };
    let print = content.as_ref().ok().and_then(Option::as_deref).map(print);
    (Seen { file: file.to_owned(), limit, print }, content.map(|_| ()))
}

/// What a file holds, and of a larger one its beginning.
fn bytes(file: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(file)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn print(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

impl Seen {
    /// Whether it holds something else now, which is noted. A file that is gone has not changed: it may be about to come back.
    fn has_changed(&mut self) -> bool {
        // A pipe can be read once only, and would be waited for.
        if !std::fs::metadata(&self.file).is_ok_and(|metadata| metadata.is_file()) {
            return false;
        }
        let now = bytes(&self.file, self.limit).ok().map(|bytes| print(&bytes));
        let has_changed = now.is_some() && now != self.print;
        if has_changed {
            self.print = now;
        }
        has_changed
    }
}

/// Files under watch.
#[derive(Debug)]
pub struct Watch {
    files: Vec<Seen>,
    pace: Duration,
}

impl Watch {
    /// Watches files that were read.
    pub fn new(files: Vec<Seen>) -> Self {
        Self { files, pace: PACE }
    }

    /// Watches what was read since instead, and goes on with those of before that are `used` still.
    pub fn replace(&mut self, files: Vec<Seen>, used: &[&Path]) {
        let is_new = |file: &Path| files.iter().any(|new| new.file == file);
        self.files.retain(|known| used.contains(&&*known.file) && !is_new(&known.file));
        self.files.extend(files);
    }

    /// Watches also what was read since: of a configuration that was not taken over.
    pub fn add(&mut self, files: Vec<Seen>) {
        self.files.retain(|known| files.iter().all(|file| file.file != known.file));
        self.files.extend(files);
    }

    /// Waits until one of the files holds something else. Can be dropped and called again without losing a change.
    pub async fn changed(&mut self) {
        loop {
            tokio::time::sleep(self.pace).await;
            let Some(mut files) = changed(&self.files).await else { continue };
            for _ in 0..PATIENCE {
                tokio::time::sleep(QUIET).await;
                let Some(later) = changed(&files).await else { break };
                files = later;
            }
            self.files = files;
            return;
        }
    }
}

/// The files as they are now, if they have changed. A folder on a network that is away does not hold up whoever serves requests.
async fn changed(files: &[Seen]) -> Option<Vec<Seen>> {
    let mut files = files.to_vec();
    let looked = tokio::task::spawn_blocking(move || {
        let changed = files.iter_mut().filter_map(|file| file.has_changed().then_some(())).count();
        (changed > 0).then_some(files)
    });
    looked.await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn watch(file: &Path) -> Watch {
        Watch { files: vec![read(file, 100).0], pace: Duration::from_millis(10) }
    }

    async fn is_quiet(watch: &mut Watch) -> bool {
        tokio::time::timeout(QUIET * 3, watch.changed()).await.is_err()
    }

    #[tokio::test]
    async fn d7_only_another_content_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yaml");
        fs::write(&file, "one").unwrap();
        let mut watch = watch(&file);
        fs::write(folder.path().join("other"), "x").unwrap();
        fs::write(&file, "one").unwrap();
        assert!(is_quiet(&mut watch).await);
        fs::remove_file(&file).unwrap();
        assert!(is_quiet(&mut watch).await, "it may come back");
        fs::write(&file, "two").unwrap();
        watch.changed().await;
        assert_eq!(watch.files, [read(&file, 100).0]);
        assert!(is_quiet(&mut watch).await, "nothing more has changed");
    }

    #[tokio::test]
    async fn d7_a_change_between_the_reading_and_the_watch_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yaml");
        fs::write(&file, "one").unwrap();
        let (seen, text) = read(&file, 100);
        assert_eq!(text.unwrap(), "one");
        fs::write(&file, "two").unwrap();
        Watch { files: vec![seen], pace: Duration::from_millis(10) }.changed().await;
    }

    #[tokio::test]
    async fn d7_a_change_is_seen_wherever_links_lead() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for version in ["v1", "v2"] {
            fs::create_dir(at(version)).unwrap();
            fs::write(at(version).join("config.yaml"), version).unwrap();
        }
        symlink("v1", at("..data")).unwrap();
        symlink("..data/config.yaml", at("config.yaml")).unwrap();
        let (mut by_link, mut by_folder) = (watch(&at("config.yaml")), watch(&at("..data/config.yaml")));
        symlink("v2", at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
        by_link.changed().await;
        by_folder.changed().await;

        let mut plain = watch(&at("v1/config.yaml"));
        fs::rename(at("v1"), at("old")).unwrap();
        fs::rename(at("v2"), at("v1")).unwrap();
        plain.changed().await;
    }

    #[tokio::test]
    async fn d7_a_busy_folder_and_a_busy_file_do_not_hold_a_change_back() {
        let folder = tempfile::tempdir().unwrap();
        let (file, beside) = (folder.path().join("config.yaml"), folder.path().join("log"));
        fs::write(&file, "one").unwrap();
        let mut watch = watch(&file);
        let writing = tokio::spawn({
            let file = file.clone();
            async move {
                for count in 0_u64.. {
                    fs::write(&beside, count.to_string()).unwrap();
                    fs::write(&file, count.to_string()).unwrap();
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        });
        watch.changed().await;
        writing.abort();
    }

    #[tokio::test]
    async fn d7_a_file_that_could_not_be_read_is_seen_when_it_can_be() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let (seen, text) = read(&file, 100);
        text.unwrap_err();
        fs::create_dir(&file).unwrap();
        let mut watch = Watch { files: vec![seen], pace: Duration::from_millis(10) };
        assert!(is_quiet(&mut watch).await, "a folder is no file");
        fs::remove_dir(&file).unwrap();
        fs::write(&file, [0xff; 200]).unwrap();
        watch.changed().await;
        let (seen, text) = read(&file, 100);
        assert!(text.unwrap_err().to_string().contains("larger than 100 bytes"));
        watch.replace(vec![seen], &[]);
        assert!(is_quiet(&mut watch).await, "a file that is too large is read alike each time");
    }
}
