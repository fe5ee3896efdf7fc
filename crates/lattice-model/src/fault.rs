//! Why an answer failed, or did not begin: one value from the codec to the edge. Retries, log and status all read this one.

use std::time::Duration;

/// What went wrong. Everything else that is true of such a fault stands in its row of [`FaultKind::facts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The request is wrong, or the provider cannot honour it.
    InvalidRequest,
    /// Question and answer do not fit into the model's context.
    ContextLength,
    /// The request or the answer was stopped by a filter.
    ContentFilter,
    /// The request is too large in bytes or media.
    TooLarge,
    /// There is no such model or deployment.
    ModelNotFound,
    /// Too many requests or tokens for now.
    RateLimited,
    /// The quota of the operator's account is used up.
    Quota,
    /// The operator's account cannot be charged, or has reached a limit of its own.
    Account,
    /// The gateway's key or its rights were refused.
    Credentials,
    /// At the address that is configured there is no such API.
    Address,
    /// The provider has too much to do.
    Overloaded,
    /// No connection could be made.
    Unreachable,
    /// The connection broke.
    Connection,
    /// One of the timeouts passed, here or at the provider.
    Timeout,
    /// The provider failed.
    Server,
    /// What the provider sent is not its format.
    Malformed,
    /// The answer stopped before its end.
    Cut,
    /// The answer is larger than the gateway takes.
    AnswerTooLarge,
    /// The model made something that is no answer.
    Model,
    /// The caller may not do this.
    NotAllowed,
    /// What the request names is not stored here, or not any more.
    NotStored,
    /// The gateway cannot store anything at present, or not read what is stored.
    Storage,
    /// What is stored cannot be read: it is damaged, or encrypted with a key that the gateway does not have.
    Unreadable,
    /// The gateway is about to stop.
    Shutdown,
}

/// Whose fault it is, and of which sort: the edge picks a status by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The request is wrong.
    InvalidRequest,
    /// The caller may not do this.
    Forbidden,
    /// What the request names does not exist.
    NotFound,
    /// The request is too large.
    TooLarge,
    /// Too many requests, here or at the provider.
    RateLimited,
    /// The provider failed, or the gateway's settings for it are wrong.
    BadGateway,
    /// The provider cannot be reached or is overloaded, or the gateway is.
    Unavailable,
    /// The provider took too long.
    Timeout,
    /// The model failed at its task.
    Model,
    /// The gateway failed, and trying again does not help.
    Internal,
}

/// Whether another attempt may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// The same request fails everywhere.
    Never,
    /// Soon, also at the same target.
    Same,
    /// Only at another target.
    Elsewhere,
}

/// What is true of every fault of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The stable code, where the fault has none of its own.
    pub code: &'static str,
    /// Whose fault it is.
    pub class: Class,
    /// Whether another attempt may help.
    pub retry: Retry,
    /// Whether the provider's words are for the caller: only where they concern the caller's own request.
    pub shows_words: bool,
    /// What the caller reads in any case.
    pub message: &'static str,
}

impl FaultKind {
    /// All kinds, in the order of the documentation.
    pub const ALL: [Self; 24] = [
        Self::InvalidRequest,
        Self::ContextLength,
        Self::ContentFilter,
        Self::TooLarge,
        Self::ModelNotFound,
        Self::RateLimited,
        Self::Quota,
        Self::Account,
        Self::Credentials,
        Self::Address,
        Self::Overloaded,
        Self::Unreachable,
        Self::Connection,
        Self::Timeout,
        Self::Server,
        Self::Malformed,
        Self::Cut,
        Self::AnswerTooLarge,
        Self::Model,
        Self::NotAllowed,
        Self::NotStored,
        Self::Storage,
        Self::Unreadable,
        Self::Shutdown,
    ];

    /// The kind's row.
    pub const fn facts(self) -> Facts {
        use Class::{
            BadGateway, Forbidden, Internal, InvalidRequest, Model, NotFound, RateLimited, Timeout, TooLarge,
            Unavailable,
        };
        use Retry::{Elsewhere, Never, Same};
        let (code, class, retry) = match self {
            Self::InvalidRequest => ("invalid_request", InvalidRequest, Never),
            Self::ContextLength => ("context_length_exceeded", InvalidRequest, Never),
            Self::ContentFilter => ("content_filter", InvalidRequest, Never),
            Self::TooLarge => ("request_too_large", TooLarge, Never),
            Self::ModelNotFound => ("model_not_found", NotFound, Elsewhere),
            Self::RateLimited => ("rate_limit_exceeded", RateLimited, Same),
            Self::Quota => ("insufficient_quota", RateLimited, Elsewhere),
            Self::Account => ("provider_account", BadGateway, Elsewhere),
            Self::Credentials => ("provider_credentials", BadGateway, Elsewhere),
            Self::Address => ("provider_address", BadGateway, Elsewhere),
            Self::Overloaded => ("provider_overloaded", Unavailable, Same),
            Self::Unreachable => ("provider_unreachable", Unavailable, Same),
            Self::Connection => ("provider_connection", BadGateway, Same),
            Self::Timeout => ("provider_timeout", Timeout, Elsewhere),
            Self::Server => ("provider_error", BadGateway, Same),
            Self::Malformed => ("provider_malformed", BadGateway, Elsewhere),
            Self::Cut => ("provider_cut", BadGateway, Same),
            Self::AnswerTooLarge => ("provider_answer_too_large", BadGateway, Never),
            Self::Model => ("model_error", Model, Same),
            Self::NotAllowed => ("not_allowed", Forbidden, Never),
            Self::NotStored => ("not_found", NotFound, Never),
            Self::Storage => ("storage_unavailable", Unavailable, Same),
            Self::Unreadable => ("storage_unreadable", Internal, Never),
            Self::Shutdown => ("server_shutdown", Unavailable, Same),
        };
        let shows_words =
            matches!(self, Self::InvalidRequest | Self::ContextLength | Self::ContentFilter | Self::TooLarge);
        Facts { code, class, retry, shows_words, message: self.message() }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::InvalidRequest => "the provider refused the request",
            Self::ContextLength => "the input is too long for the model; shorten it",
            Self::ContentFilter => "the provider's content filter stopped the request",
            Self::TooLarge => "the request is too large for the provider",
            Self::ModelNotFound => "the provider does not have this model",
            Self::RateLimited => "the provider's rate limit is exceeded; try again later",
            Self::Quota => "the provider's rate limit or quota is exceeded; tell the operator",
            Self::Account => {
                "the provider does not serve the gateway's account at present; tell the operator"
            }
            Self::Credentials => "the gateway's credentials for the provider were refused; tell the operator",
            Self::Address => "there is no such API at the provider's configured address; tell the operator",
            Self::Overloaded => "the provider is overloaded",
            Self::Unreachable => "the provider cannot be reached",
            Self::Connection => "the connection to the provider broke",
            Self::Timeout => "the provider timed out",
            Self::Server => "the provider failed",
            Self::Malformed => "the provider's answer is not in its format",
            Self::Cut => "the provider's answer stopped before its end",
            Self::AnswerTooLarge => "the provider's answer is larger than the gateway takes",
            Self::Model => "the model made an answer that is not valid",
            Self::NotAllowed => "this key may not do this",
            Self::NotStored => "there is nothing here with this id",
            Self::Storage => {
                "the gateway's store is not available; try again, or send `store: false` if nothing has to be remembered"
            }
            Self::Unreadable => "what is stored cannot be read; tell the operator",
            Self::Shutdown => "the gateway is shutting down; send the request again",
        }
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What went wrong.
    pub kind: FaultKind,
    /// A code more exact than the kind's own.
    pub code: Option<String>,
    /// What the caller reads, where it is more exact than the kind's own message; the gateway's own words.
    pub message: Option<String>,
    /// The provider's words, as they came: whole, with whatever secrets they hold. Nothing outside the gateway may see them before they
    /// were masked, and none but those kinds whose words concern the caller show them at all.
    pub said: Option<String>,
    /// The request's field concerned, by its path.
    pub param: Option<String>,
    /// When to try again, as the provider said.
    pub after: Option<Duration>,
    /// For the log: facts such as the provider's status and codes; no words of the provider's.
    pub detail: String,
}

impl Fault {
    /// A fault of this kind with nothing more to say.
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, code: None, message: None, said: None, param: None, after: None, detail: String::new() }
    }

    /// With a message of its own, in the gateway's words.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// With a code more exact than the kind's.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Names the request's field.
    #[must_use]
    pub fn with_param(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// With facts for the log.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        self.code.as_deref().unwrap_or(self.kind.facts().code)
    }

    /// What the caller reads. `said` has to have been masked.
    pub fn message(&self) -> String {
        let facts = self.kind.facts();
        let own = self.message.as_deref().unwrap_or(facts.message);
        match self.said.as_deref().filter(|said| facts.shows_words && !said.is_empty()) {
            Some(said) => format!("{own}: {said}"),
            None => own.to_owned(),
        }
    }
}

impl Class {
    /// The standard's type of error.
    pub fn error_type(self) -> &'static str {
        match self {
            Self::InvalidRequest | Self::TooLarge | Self::Forbidden => "invalid_request",
            Self::NotFound => "not_found",
            Self::RateLimited => "too_many_requests",
            Self::Model => "model_error",
            Self::BadGateway | Self::Unavailable | Self::Timeout | Self::Internal => "server_error",
        }
    }
}
