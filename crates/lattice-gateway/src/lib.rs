//! The life of a turn: route, attempt, relay, record.
//!
//! Invariants: knows no HTTP framework, no SQL, and no provider by name. [`Gateway::respond`] is the table of contents.

mod attempt;
mod capability;
mod directory;
mod error;
mod items;
mod machine;
mod mask;
mod record;
mod relay;
mod upstream;

use std::sync::Arc;

use arc_swap::ArcSwap;
use lattice_model::Turn;

pub use capability::Capability;
pub use directory::{Directory, Entry, ListedModel, Target};
pub use error::Error;
pub use machine::Machine;
pub use mask::Secrets;
pub use relay::Events;
pub use upstream::{Answer, AnswerBody, SendFailure, Upstream};

/// Seconds since 1970, UTC.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The gateway: what is configured now, and the way of a turn through it.
pub struct Gateway {
    directory: ArcSwap<Directory>,
    clock: Clock,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Gateway").field("directory", &self.directory.load()).finish_non_exhaustive()
    }
}

impl Gateway {
    /// Starts with this configuration.
    pub fn new(directory: Directory, clock: Clock) -> Self {
        Self { directory: ArcSwap::from_pointee(directory), clock }
    }

    /// What is configured now.
    pub fn directory(&self) -> Arc<Directory> {
        self.directory.load_full()
    }

    /// Puts another configuration in place: turns that have begun finish with the one they began with.
    pub fn replace_directory(&self, directory: Directory) {
        self.directory.store(Arc::new(directory));
    }

    /// The time.
    pub fn now(&self) -> i64 {
        (self.clock)()
    }

    /// Takes a turn to a provider and its answer back. `request_id` ties the log lines of one request together.
    ///
    /// # Errors
    /// [`Error`] for everything that goes wrong before the answer begins; later failures are events.
    pub async fn respond(&self, turn: Turn, request_id: &str) -> Result<Events, Error> {
        let target = self.directory.load().choose(&turn)?;
        if let Some(declared) = &target.capabilities {
            capability::check(declared, &turn)?;
        }
        let record = record::Record::new(request_id, &turn, &target);
        match attempt::begin(&target, &turn).await {
            Ok(begun) => Ok(relay::relay(begun, turn, &target, Arc::clone(&self.clock), record)),
            Err(error) => {
                record.failed(&error);
                Err(error)
            }
        }
    }
}
