//! What an error of a provider means (C5): the tables, and how they are read.
//!
//! The meaning comes from status, code, type and known words together. Each API has a table of its own, a preset's row may put rules in
//! front of it, and where none fits the status decides. `docs/errors.md` is written from the same tables.

mod said;
mod tables;

use http::HeaderMap;
use lattice_model::{Fault, FaultKind};
use serde_json::Value;

pub(crate) use said::ErrorWords;
use tables::STATUSES;
pub(crate) use tables::{ANTHROPIC, GEMINI, GROQ, OPENAI};
pub use tables::{Rule, TABLES};

/// Types that say no more than the status.
const ORDINARY: &[&str] = &[
    "invalid_request_error",
    "invalid_request",
    "INVALID_ARGUMENT",
    "BadRequestError",
    "bad_request",
    "BadRequest",
];

/// An API's table, and the rules that one of its servers has beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meanings {
    /// Tried first.
    pub(crate) own: &'static [Rule],
    /// The API's.
    pub(crate) api: &'static [Rule],
}

impl Meanings {
    /// Those of an API.
    pub(crate) const fn of(api: &'static [Rule]) -> Self {
        Self { own: &[], api }
    }

    /// What an answer with an error status means. Never fails: what cannot be read is judged by its status.
    pub(crate) fn of_answer(self, status: u16, headers: &HeaderMap, body: &[u8]) -> Fault {
        self.fault(ErrorWords::of_answer(status, headers, body))
    }

    /// What an error means that stands in the place of an answer or in its middle.
    pub(crate) fn of_value(self, error: &Value) -> Fault {
        let mut said = ErrorWords::of_value(error);
        // Whatever it looks like, it came where an error comes.
        said.is_error = true;
        self.fault(said)
    }

    fn fault(self, said: ErrorWords) -> Fault {
        let rules = self.own.iter().chain(self.api).chain(STATUSES);
        let kind =
            rules.into_iter().find(|rule| rule.fits(&said)).map_or(FaultKind::Server, |rule| rule.means);
        let mut fault = Fault::new(kind).with_detail(said.facts());
        if kind == FaultKind::InvalidRequest {
            fault.code = said.code(ORDINARY);
        }
        if kind.facts().shows_words {
            fault.param = said.param;
        }
        fault.after = said.after;
        fault.said = said.message;
        fault
    }
}
