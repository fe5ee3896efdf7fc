//! Why something was not done.

use lattice_store::StoreError;

/// The kind of a refusal: the edge picks the status by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// What was asked for is wrong in itself.
    Invalid,
    /// Whoever asks may not do it.
    Forbidden,
    /// It is not there, or not for whoever asks.
    Missing,
    /// It does not go with what is there.
    Conflict,
    /// It was changed since it was read.
    Stale,
    /// The database is away.
    Unavailable,
    /// The gateway, or what is stored, is defect.
    Internal,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its kind.
    pub reason: Reason,
    /// A word for programs.
    pub code: &'static str,
    /// For people: what is wrong, and what to do.
    pub message: String,
    /// The field concerned.
    pub param: Option<String>,
    /// For the operator alone.
    pub detail: Option<String>,
}

impl Refusal {
    pub(crate) fn new(reason: Reason, code: &'static str, message: impl Into<String>) -> Self {
        Self { reason, code, message: message.into(), param: None, detail: None }
    }

    /// A field that is wrong: what it must be.
    pub(crate) fn field(param: &str, must: &str) -> Self {
        let shown: String = param.chars().take(80).collect();
        let mut refusal = Self::new(Reason::Invalid, "invalid_value", format!("`{shown}` {must}"));
        refusal.param = Some(shown);
        refusal
    }

    pub(crate) fn with_param(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    pub(crate) fn missing(what: &str, id: &str) -> Self {
        let shown: String = id.chars().take(80).collect();
        Self::new(Reason::Missing, "not_found", format!("there is no {what} `{shown}`"))
    }

    pub(crate) fn owned_by_file(what: &str) -> Self {
        let message = format!("this {what} stands in the configuration file; change it there");
        Self::new(Reason::Conflict, "owned_by_file", message)
    }

    pub(crate) fn of_store(error: &StoreError) -> Self {
        let (reason, code, message) = match error {
            StoreError::Unavailable(_) => {
                (Reason::Unavailable, "storage_unavailable", "the database is away at present; try again")
            }
            _ => (
                Reason::Internal,
                "storage_error",
                "what is stored cannot be read or written; the log says why",
            ),
        };
        Self { detail: Some(error.to_string()), ..Self::new(reason, code, message) }
    }
}
