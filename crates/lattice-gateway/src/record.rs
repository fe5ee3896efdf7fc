//! What is known of a request, from its arrival to its end: one plain struct, filled on the way and sent once.

use std::fmt::Debug;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lattice_model::{Outcome, Response, Usage};

use crate::clock::Clock;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// The client went before its answer was whole.
    #[default]
    Cancelled,
    /// It was answered: with what it asked for, or with an error before that began.
    Answered,
    /// The response was completed.
    Completed,
    /// The response was cut short.
    Incomplete,
    /// The response failed.
    Failed,
}

impl Ending {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Answered => "answered",
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
        }
    }
}

/// What is known of a request. Fields of a turn are empty where the request was none, or was refused before it became one.
#[derive(Debug, Clone, Default)]
pub struct TurnRecord {
    /// Ties the lines of one request together; the client has it as `x-request-id`.
    pub request_id: String,
    /// The address that the request came from.
    pub client: Option<IpAddr>,
    /// The tenant of whoever asks.
    pub tenant: String,
    /// Who asks.
    pub caller: String,
    /// The method.
    pub method: String,
    /// The path, without its query, cut to 256 characters.
    pub path: String,
    /// The answer's status; 0 when none was sent.
    pub status: u16,
    /// The response that was to be made.
    pub response_id: String,
    /// The model as the client named it.
    pub model: String,
    /// The provider entry that answered, or was asked last.
    pub provider: Option<Arc<str>>,
    /// Whether events were wanted.
    pub stream: bool,
    /// How it ended.
    pub ending: Ending,
    /// The code of the error that the client was told, or why the response is incomplete.
    pub code: String,
    /// For the operator: what is behind it. Holds no secrets and no prompt.
    pub detail: String,
    /// Tokens spent, as far as the provider told; also of a turn that was cancelled (B4).
    pub usage: Option<Usage>,
    /// From arrival to the first event or to the whole answer.
    pub first_event: Option<Duration>,
    /// From arrival to the end.
    pub total: Duration,
}

/// Where records go. Called once for each request, from wherever it ends: it must not block.
pub trait Recorder: Debug + Send + Sync {
    /// Takes the record of a request that is over.
    fn turn(&self, record: TurnRecord);
}

/// The record of a request that is under way. Clones are the same record; it is sent when the last of them is gone.
#[derive(Debug, Clone)]
pub struct Record(Arc<Open>);

#[derive(Debug)]
struct Open {
    started: Instant,
    clock: Arc<dyn Clock>,
    recorder: Arc<dyn Recorder>,
    facts: Mutex<TurnRecord>,
}

impl Record {
    /// A request has arrived; `facts` is what is known of it already.
    pub fn begin(clock: Arc<dyn Clock>, recorder: Arc<dyn Recorder>, facts: TurnRecord) -> Self {
        Self(Arc::new(Open { started: clock.instant(), clock, recorder, facts: Mutex::new(facts) }))
    }

    /// Notes what has become known.
    pub fn note(&self, note: impl FnOnce(&mut TurnRecord)) {
        note(&mut self.0.facts());
    }

    /// The time since its arrival.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// The first event is on its way to the client.
    pub(crate) fn begun(&self) {
        let elapsed = self.elapsed();
        self.note(|facts| {
            facts.first_event.get_or_insert(elapsed);
        });
    }

    /// How the response stands now; `detail` is for the operator.
    pub(crate) fn response(&self, response: &Response, detail: &str) {
        let (ending, code) = match &response.outcome {
            Outcome::InProgress => (Ending::Cancelled, ""),
            Outcome::Completed => (Ending::Completed, ""),
            Outcome::Incomplete(reason) => (Ending::Incomplete, reason.as_str()),
            Outcome::Failed(error) => (Ending::Failed, error.code.as_str()),
        };
        self.note(|facts| {
            facts.ending = ending;
            code.clone_into(&mut facts.code);
            detail.clone_into(&mut facts.detail);
            facts.usage.clone_from(&response.usage);
        });
    }
}

impl Open {
    fn facts(&self) -> MutexGuard<'_, TurnRecord> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn elapsed(&self) -> Duration {
        self.clock.instant().saturating_duration_since(self.started)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let total = self.elapsed();
        let mut facts = std::mem::take(&mut *self.facts());
        facts.total = total;
        self.recorder.turn(facts);
    }
}
