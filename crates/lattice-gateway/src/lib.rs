//! The life of a turn: route, recall, admit, attempt, relay, keep, record.
//!
//! Invariants: knows no HTTP framework, no SQL, and no provider by name. [`Gateway::respond`] is the table of contents.

mod admit;
mod asked;
mod attempt;
mod capability;
mod clock;
mod directory;
mod error;
mod items;
mod keep;
mod machine;
mod mask;
mod outbox;
mod recall;
mod record;
mod relay;
mod upstream;

use std::sync::Arc;

use arc_swap::ArcSwap;

pub use asked::{Asked, Caller};
pub use clock::Clock;
pub use directory::{Directory, Entry, ListedModel, Route, Target};
pub use error::Error;
pub use machine::Machine;
pub use mask::Secrets;
pub use record::{Ending, Record, Recorder, TurnRecord};
pub use relay::Events;
pub use upstream::{Answer, AnswerBody, Call, Upstream, UpstreamError};

/// The gateway: what is configured now, and the way of a turn through it.
#[derive(Debug)]
pub struct Gateway {
    directory: ArcSwap<Directory>,
    clock: Arc<dyn Clock>,
    recorder: Arc<dyn Recorder>,
}

impl Gateway {
    /// Starts with this configuration.
    pub fn new(directory: Directory, clock: Arc<dyn Clock>, recorder: Arc<dyn Recorder>) -> Self {
        Self { directory: ArcSwap::from_pointee(directory), clock, recorder }
    }

    /// What is configured now.
    pub fn directory(&self) -> Arc<Directory> {
        self.directory.load_full()
    }

    /// Puts another configuration in place: turns that have begun finish with the one they began with.
    pub fn replace_directory(&self, directory: Directory) {
        self.directory.store(Arc::new(directory));
    }

    /// Time and ids.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Begins the record of a request that has just arrived.
    pub fn record(&self, facts: TurnRecord) -> Record {
        Record::begin(Arc::clone(&self.clock), Arc::clone(&self.recorder), facts)
    }

    /// Takes a turn to a provider and its answer back.
    ///
    /// # Errors
    /// [`Error`] for everything that goes wrong before the answer begins; later failures are events.
    pub async fn respond(&self, asked: Asked, record: Record) -> Result<Events, Error> {
        let deadline = asked.deadline;
        let route = self.directory.load().route(&asked.turn)?;
        let turn = recall::recall(asked).await?;
        let permit = admit::admit().await?;
        let begun = attempt::begin(&route, &turn, deadline, &record).await?;
        Ok(relay::relay(begun, turn, permit, keep::Keep, Arc::clone(&self.clock), record))
    }
}
