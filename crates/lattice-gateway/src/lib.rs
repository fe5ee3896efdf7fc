//! The life of a turn: route, recall, admit, attempt, relay, keep, record.
//!
//! Invariants: knows no HTTP framework, no SQL, and no provider by name. [`Gateway::respond`] is the table of contents.

mod admit;
mod asked;
mod attempt;
mod capability;
mod clock;
mod conversations;
mod count;
mod directory;
mod error;
mod ids;
mod items;
mod keep;
mod machine;
mod mask;
mod outbox;
mod recall;
mod record;
mod relay;
mod storage;
mod stored;
mod upstream;

use std::sync::Arc;

use arc_swap::ArcSwap;
use lattice_limits::{Counters, Limiter, Policy, Rules};
use lattice_model::{Item, Json};

use stored::View;

pub use asked::{Asked, Caller};
pub use clock::Clock;
pub use conversations::Conversations;
pub use count::InputTokens;
pub use directory::{Directory, Entry, ListedModel, Route, Target};
pub use error::Error;
pub use lattice_store::{Conversation, Page};
pub use machine::Machine;
pub use mask::Secrets;
pub use record::{Ending, Record, Recorder, TurnRecord};
pub use relay::Events;
pub use storage::{Retention, Storage};
pub use upstream::{Answer, AnswerBody, Call, Upstream, UpstreamError};

/// The gateway: what is configured now, and the way of a turn through it.
#[derive(Debug)]
pub struct Gateway {
    directory: ArcSwap<Directory>,
    clock: Arc<dyn Clock>,
    recorder: Arc<dyn Recorder>,
    storage: Option<Storage>,
    limiter: Limiter,
}

impl Gateway {
    /// Starts with this configuration, and remembers nothing.
    pub fn new(directory: Directory, clock: Arc<dyn Clock>, recorder: Arc<dyn Recorder>) -> Self {
        let limiter = Limiter::new(Rules::default(), clock.instant(), clock.seconds());
        Self { directory: ArcSwap::from_pointee(directory), clock, recorder, storage: None, limiter }
    }

    /// With a memory.
    #[must_use]
    pub fn with_storage(mut self, storage: Storage) -> Self {
        self.storage = Some(storage);
        self
    }

    /// With counts that replicas share.
    #[must_use]
    pub fn sharing_limits(mut self, counters: Arc<dyn Counters>, policy: Policy) -> Self {
        let limiter = Limiter::new(Rules::default(), self.clock.instant(), self.clock.seconds());
        self.limiter = limiter.sharing(counters, policy);
        self
    }

    /// Decides on how much somebody may ask for.
    pub fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// What is remembered, and how, if anything is.
    pub fn storage(&self) -> Option<&Storage> {
        self.storage.as_ref()
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

    /// A stored response as the client got it; with the encrypted reasoning that it did not ask for then, if it does now.
    ///
    /// # Errors
    /// `FaultKind::NotStored` where there is none, or it is somebody else's (A2); `FaultKind::Storage` where the store is away.
    pub async fn stored_response(&self, caller: &Caller, id: &str, with_state: bool) -> Result<Json, Error> {
        self.view(caller).response(id, with_state).await
    }

    /// The items that a stored response was asked with, oldest first.
    ///
    /// # Errors
    /// As [`Self::stored_response`].
    pub async fn input_items(&self, caller: &Caller, id: &str) -> Result<Vec<Item>, Error> {
        self.view(caller).input_items(id).await
    }

    /// Deletes a stored response for good. Those that go on from it stay, and nothing can go on from them.
    ///
    /// # Errors
    /// As [`Self::stored_response`].
    pub async fn delete_response(&self, caller: &Caller, id: &str) -> Result<(), Error> {
        self.view(caller).delete_response(id).await
    }

    /// Makes a conversation that begins with these items; `expires_after` is how long it is kept after its last change, in seconds, 0 for ever.
    ///
    /// # Errors
    /// As [`Self::stored_response`], and where it is to be kept for longer than is allowed.
    pub async fn create_conversation(
        &self,
        caller: &Caller,
        mut items: Vec<Item>,
        metadata: Option<Json>,
        expires_after: Option<u64>,
    ) -> Result<Conversation, Error> {
        let id = format!("conv_{}", self.clock.id());
        let conversations = self.conversations(caller)?;
        conversations.check(None, &items).await?;
        self.name(&mut items);
        conversations.create(id, &items, metadata, expires_after).await
    }

    /// What there is to a conversation.
    ///
    /// # Errors
    /// As [`Self::stored_response`].
    pub fn conversations(&self, caller: &Caller) -> Result<Conversations<'_>, Error> {
        Conversations::of(self.storage.as_ref(), caller.reach(), self.clock.seconds())
    }

    /// Adds items to a conversation: as they are then, with their ids.
    ///
    /// # Errors
    /// As [`Self::stored_response`].
    pub async fn add_items(
        &self,
        caller: &Caller,
        id: &str,
        mut items: Vec<Item>,
    ) -> Result<Vec<Item>, Error> {
        let conversations = self.conversations(caller)?;
        conversations.check(Some(id), &items).await?;
        self.name(&mut items);
        conversations.add(id, &items).await?;
        Ok(items)
    }

    /// Gives items ids that have none.
    fn name(&self, items: &mut [Item]) {
        let stem = self.clock.id();
        for (at, item) in items.iter_mut().enumerate().filter(|(_, item)| item.id().is_none()) {
            item.set_id(ids::of_input(item, &stem, at));
        }
    }

    fn view(&self, caller: &Caller) -> View<'_> {
        View { storage: self.storage.as_ref(), reach: caller.reach(), now: self.clock.seconds() }
    }

    /// Counts the tokens of a turn's input, with all that is stored before it. Nothing is stored.
    ///
    /// # Errors
    /// As [`Self::respond`].
    pub async fn count_input(&self, asked: Asked, record: &Record) -> Result<InputTokens, Error> {
        let Asked { mut turn, caller, .. } = asked;
        (turn.store, turn.stream) = (false, false);
        caller.check(&turn.model)?;
        let route = caller.narrow(self.directory.load().route(&turn)?)?;
        recall::recall(self.storage.as_ref(), &mut turn, &caller.reach()).await?;
        route.check(&turn)?;
        let _permit = admit::admit_count(&self.limiter, &caller, &turn, &self.clock).await?;
        count::count(&route, &turn, record).await
    }

    /// Takes a turn to a provider and its answer back.
    ///
    /// # Errors
    /// [`Error`] for everything that goes wrong before the answer begins; later failures are events.
    pub async fn respond(&self, asked: Asked, record: Record) -> Result<Events, Error> {
        let Asked { mut turn, caller, deadline } = asked;
        let storage = self.storage.as_ref();
        caller.check(&turn.model)?;
        let route = caller.narrow(self.directory.load().route(&turn)?)?;
        let reach = caller.reach();
        recall::recall(storage, &mut turn, &reach).await?;
        route.check(&turn).map_err(|error| error.naming_stored(&turn))?;
        let permit = admit::admit(&self.limiter, &caller, &turn, &self.clock).await?;
        let keep = keep::plan(storage, &mut turn, reach, &self.clock)?;
        let begun = attempt::begin(&route, &turn, deadline, &record).await;
        let begun = begun.map_err(|error| error.naming_stored(&turn))?;
        Ok(relay::relay(begun, turn, permit, keep, Arc::clone(&self.clock), record))
    }
}
