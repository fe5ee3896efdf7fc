//! Says when the configuration file has changed.
//!
//! The file's folder is watched, not the file: editors replace files, and Kubernetes swaps a link beside them. Whether it was the
//! file that changed, its content says.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// How long the folder must be quiet before the file is read, so that a half-written file is not taken.
const QUIET: Duration = Duration::from_millis(100);

/// A file under watch, until it is dropped.
#[derive(Debug)]
pub struct Watch {
    file: PathBuf,
    seen: Option<u64>,
    events: mpsc::Receiver<()>,
    _watcher: RecommendedWatcher,
}

/// Watches a file from now on.
///
/// # Errors
/// When the system cannot watch the file's folder.
pub fn watch(file: &Path) -> notify::Result<Watch> {
    // One place is enough: what matters is that something happened, not how often.
    let (sender, events) = mpsc::channel(1);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading the file is an event as well, and nothing new. An error may have swallowed a change: look.
        if event.is_ok_and(|event| event.kind.is_access()) {
            return;
        }
        // When the place is taken, the change is on record already.
        let _ = sender.try_send(());
    })?;
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(Watch { seen: content(file), file: file.to_owned(), events, _watcher: watcher })
}

impl Watch {
    /// Waits until the file's content is another one. A file that is gone is no change: it may be about to come back.
    /// Can be dropped and called again without losing a change.
    pub async fn changed(&mut self) {
        while self.events.recv().await.is_some() {
            while let Ok(Some(())) = tokio::time::timeout(QUIET, self.events.recv()).await {}
            let now = content(&self.file);
            if now.is_some() && now != self.seen {
                self.seen = now;
                return;
            }
        }
        // The watcher lives as long as this does, so its end of the channel never closes; if it did, nothing would change any more.
        std::future::pending::<()>().await;
    }
}

/// A hash of the file's content, `None` if unreadable. Blocks, which is fine for a small file that is rarely read.
fn content(file: &Path) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    std::fs::read(file).ok()?.hash(&mut hasher);
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn d7_only_another_content_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yaml");
        std::fs::write(&file, "one").unwrap();
        let mut watch = watch(&file).unwrap();
        std::fs::write(folder.path().join("other"), "x").unwrap();
        std::fs::write(&file, "one").unwrap();
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, "two").unwrap();
        watch.changed().await;
        assert_eq!(watch.seen, content(&file));
        assert!(tokio::time::timeout(QUIET * 3, watch.changed()).await.is_err(), "nothing more has changed");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn d7_a_swapped_link_is_a_change() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for version in ["v1", "v2"] {
            std::fs::create_dir(at(version)).unwrap();
            std::fs::write(at(version).join("config.yaml"), version).unwrap();
        }
        symlink("v1", at("..data")).unwrap();
        symlink("..data/config.yaml", at("config.yaml")).unwrap();
        let mut watch = watch(&at("config.yaml")).unwrap();
        symlink("v2", at("..data_tmp")).unwrap();
        std::fs::rename(at("..data_tmp"), at("..data")).unwrap();
        watch.changed().await;
        assert_eq!(watch.seen, content(&at("v2").join("config.yaml")));
    }
}
