//! A turn that failed before its answer began, as the edge gets it. Only the edge picks a status.

use std::time::Duration;

use lattice_limits::State;
use lattice_model::{Class, ErrorBody, Fault, FaultKind, Path, Turn};
use lattice_providers::{DecodeError, EncodeError};

use crate::upstream::UpstreamError;

/// A turn that failed before its answer began.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", body.message)]
pub struct Error {
    /// What went wrong.
    pub kind: FaultKind,
    /// What the client is told.
    pub body: Box<ErrorBody>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// How the caller's limits stand, where one of them is reached.
    pub limits: Option<Box<State>>,
    /// For the log only.
    pub detail: String,
}

impl Error {
    /// An error of the gateway's own.
    pub fn new(kind: FaultKind, code: &str, message: impl Into<String>) -> Self {
        Self::of(&Fault::new(kind).with_code(code).with_message(message), None)
    }

    /// Names the request's field.
    #[must_use]
    pub fn with_param(mut self, param: &str) -> Self {
        self.body.param = Some(param.to_owned());
        self
    }

    /// Names the field that brought the stored conversation in, where the error is about something in it.
    pub(crate) fn naming_stored(mut self, turn: &Turn) -> Self {
        if self.body.param.as_deref() == Some(Path::STORED) {
            let field = if turn.conversation.is_some() { "conversation" } else { "previous_response_id" };
            self.body.param = Some(field.to_owned());
            self.body.message = format!("in the stored conversation: {}", self.body.message);
        }
        self
    }

    /// A fault that was masked, of this provider entry if it is one's.
    pub(crate) fn of(fault: &Fault, provider: Option<&str>) -> Self {
        Self {
            kind: fault.kind,
            body: Box::new(body(fault, provider)),
            retry_after: fault.after,
            limits: None,
            detail: fault.detail.clone(),
        }
    }

    /// Whose fault it is.
    pub fn class(&self) -> Class {
        self.kind.facts().class
    }

    pub(crate) fn of_encode(error: &EncodeError, provider: &str) -> Self {
        let fault = Fault::new(FaultKind::InvalidRequest).with_code(error.code).with_message(&error.message);
        Self::of(&fault.with_param(&error.param), Some(provider))
    }
}

/// What the client is told of a fault that was masked.
pub(crate) fn body(fault: &Fault, provider: Option<&str>) -> ErrorBody {
    let message = match provider {
        Some(provider) => format!("{} (provider `{provider}`)", fault.message()),
        None => fault.message(),
    };
    let kind = fault.kind.facts().class.error_type();
    ErrorBody { kind, code: fault.code().to_owned(), message, param: fault.param.clone() }
}

/// An exchange that broke.
pub(crate) fn of_send(error: UpstreamError) -> Fault {
    match error {
        UpstreamError::Unreachable(detail) => Fault::new(FaultKind::Unreachable).with_detail(detail),
        UpstreamError::Timeout(what) => Fault::new(FaultKind::Timeout).with_message(what),
        UpstreamError::Broken(detail) => Fault::new(FaultKind::Connection).with_detail(detail),
        UpstreamError::TooLarge(limit) => {
            Fault::new(FaultKind::AnswerTooLarge).with_detail(format!("limit {limit} bytes"))
        }
        UpstreamError::Credentials(detail) => Fault::new(FaultKind::Credentials)
            .with_message("the gateway could not get credentials for the provider; tell the operator")
            .with_detail(detail),
    }
}

/// An answer that cannot be read.
pub(crate) fn of_decode(error: &DecodeError) -> Fault {
    let kind = match error {
        DecodeError::Malformed(_) => FaultKind::Malformed,
        DecodeError::TooLarge { .. } => FaultKind::AnswerTooLarge,
        DecodeError::Cut => FaultKind::Cut,
    };
    Fault::new(kind).with_detail(error.to_string())
}
