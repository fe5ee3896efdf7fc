//! Group commit: what is to be stored at one moment goes into one transaction, and each waits until it is safe.
//!
//! Nothing waits for a group to fill: while one commits, the next collects.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lattice_store::{NewResponse, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::insert;
use crate::shared::Shared;

/// The most that may wait; whoever comes later waits to be let in.
const WAITING: usize = 1024;

/// The most that one transaction takes: responses, and bytes.
const GROUP: (usize, usize) = (256, 16 << 20);

/// How long a transaction may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The way to the task that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Job>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

struct Job {
    new: NewResponse,
    done: oneshot::Sender<Result<(), StoreError>>,
}

impl Writer {
    pub(crate) fn start(shared: &Arc<Shared>) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let task = tokio::spawn(write(Arc::clone(shared), receiver));
        Self { queue: Mutex::new(Some(sender)), task: Mutex::new(Some(task)) }
    }

    /// Done when it is safe.
    pub(crate) async fn commit(&self, new: NewResponse) -> Result<(), StoreError> {
        let gone = || StoreError::Unavailable("the gateway is stopping".to_owned());
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(gone)?;
        let (done, answer) = oneshot::channel();
        queue.send(Job { new, done }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Commits what waits and takes nothing more.
    pub(crate) async fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            // It ends when everything that was sent is committed; a panic in it was told already.
            let _ = tokio::time::timeout(PATIENCE, task).await;
        }
    }
}

async fn write(shared: Arc<Shared>, mut queue: mpsc::Receiver<Job>) {
    let mut waiting: Vec<Job> = Vec::new();
    loop {
        if waiting.is_empty() && queue.recv_many(&mut waiting, GROUP.0).await == 0 {
            return;
        }
        // Whoever was told that it took too long must not find it stored later.
        waiting.retain(|job| !job.done.is_closed());
        if waiting.is_empty() {
            continue;
        }
        let rest = waiting.split_off(group_length(&waiting));
        let group = std::mem::replace(&mut waiting, rest);
        commit(&shared, group).await;
    }
}

/// How many of those that wait go into one transaction, by their size.
fn group_length(waiting: &[Job]) -> usize {
    let mut bytes = 0_usize;
    let fits = waiting.iter().take_while(|job| {
        let content = &job.new.content;
        let size =
            content.input.len() + content.output.len() + content.frame.json.len() + content.state.len();
        let added: usize = job
            .new
            .addition
            .iter()
            .flat_map(|addition| &addition.entries)
            .map(|entry| entry.item.len())
            .sum();
        let size = size.saturating_add(added);
        let fits = bytes == 0 || bytes.saturating_add(size) <= GROUP.1;
        bytes = bytes.saturating_add(size);
        fits
    });
    fits.count()
}

async fn commit(shared: &Shared, group: Vec<Job>) {
    let news: Vec<&NewResponse> = group.iter().map(|job| &job.new).collect();
    let written = store(shared, &news).await;
    let results: Vec<Result<(), StoreError>> = match written {
        Ok(results) => results,
        // One that cannot be stored must not take the others with it (B5).
        Err(StoreError::Refused(_)) if news.len() > 1 => {
            let mut results = Vec::with_capacity(news.len());
            for new in &news {
                let alone = store(shared, &[new]).await;
                results.push(alone.and_then(|results| results.into_iter().next().unwrap_or(Ok(()))));
            }
            results
        }
        Err(error) => vec![Err(error); news.len()],
    };
    for (job, result) in group.into_iter().zip(results) {
        // Whoever has gone away meanwhile does not need to know.
        let _ = job.done.send(result);
    }
}

async fn store(shared: &Shared, news: &[&NewResponse]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
    shared.health.ready()?;
    match tokio::time::timeout(PATIENCE, insert::insert(&shared.pools(), news)).await {
        Ok(Ok(results)) => Ok(results),
        Ok(Err(failed)) => Err(shared.failed(&failed)),
        Err(_) => {
            let error = StoreError::Unavailable("the database took too long to commit".to_owned());
            shared.health.note(&error);
            Err(error)
        }
    }
}
