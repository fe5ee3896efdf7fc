//! What can go wrong with a turn: whose fault it is, and what the client is told. Only the edge picks a status.

use std::time::Duration;

use lattice_model::Failure;
use lattice_providers::{DecodeError, EncodeError, Fault, FaultKind};

use crate::upstream::SendFailure;

/// Whose fault it is, and of which kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The request is wrong.
    InvalidRequest,
    /// What the request names does not exist.
    NotFound,
    /// The request is too large.
    TooLarge,
    /// Too many requests, here or at the provider.
    RateLimited,
    /// The provider failed, or its credentials are wrong.
    BadGateway,
    /// The provider cannot be reached or is overloaded.
    Unavailable,
    /// The provider took too long.
    Timeout,
}

/// A turn that failed before its answer began.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Whose fault it is.
    pub class: Class,
    /// A stable code.
    pub code: String,
    /// For the client: what happened and what to do.
    pub message: String,
    /// The request's field concerned, by its path.
    pub param: Option<String>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// For the log only.
    pub detail: String,
}

impl Error {
    /// An error without a field.
    pub fn new(class: Class, code: &str, message: impl Into<String>) -> Self {
        Self {
            class,
            code: code.to_owned(),
            message: message.into(),
            param: None,
            retry_after: None,
            detail: String::new(),
        }
    }

    /// Names the request's field.
    #[must_use]
    pub fn with_param(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    pub(crate) fn of_encode(error: &EncodeError, provider: &str) -> Self {
        let message = format!("{} (provider `{provider}`)", error.message);
        Self::new(Class::InvalidRequest, error.code, message).with_param(&error.param)
    }

    /// A failure that the provider reports in place of an answer.
    pub(crate) fn of_failure(failure: &Failure, provider: &str) -> Self {
        let class = match failure.code.as_str() {
            "content_filter" | "invalid_prompt" | "context_length_exceeded" => Class::InvalidRequest,
            "rate_limit_exceeded" => Class::RateLimited,
            _ => Class::BadGateway,
        };
        let message = format!("{} (provider `{provider}`)", failure.message);
        Self { detail: failure.detail.clone(), ..Self::new(class, &failure.code, message) }
    }

    /// C5: an error answer keeps its meaning.
    pub(crate) fn of_fault(fault: Fault, provider: &str) -> Self {
        let (class, code) = match fault.kind {
            FaultKind::InvalidRequest => (Class::InvalidRequest, "invalid_request"),
            FaultKind::Credentials => (Class::BadGateway, "provider_credentials"),
            FaultKind::NotFound => (Class::NotFound, "model_not_found"),
            FaultKind::RateLimited => (Class::RateLimited, "rate_limit_exceeded"),
            FaultKind::TooLarge => (Class::TooLarge, "request_too_large"),
            FaultKind::Overloaded => (Class::Unavailable, "provider_overloaded"),
            FaultKind::Timeout => (Class::Timeout, "provider_timeout"),
            FaultKind::Server => (Class::BadGateway, "provider_error"),
        };
        Self {
            class,
            code: fault.code.unwrap_or_else(|| code.to_owned()),
            message: format!("{} (provider `{provider}`)", fault.message),
            param: fault.param,
            retry_after: fault.retry_after,
            detail: fault.detail,
        }
    }

    pub(crate) fn of_send(failure: SendFailure, provider: &str) -> Self {
        let (class, code, message, detail) = match failure {
            SendFailure::Unreachable(detail) => {
                (Class::Unavailable, "provider_unreachable", "the provider cannot be reached", detail)
            }
            SendFailure::Timeout(what) => (Class::Timeout, "provider_timeout", what, String::new()),
            SendFailure::Broken(detail) => {
                (Class::BadGateway, "provider_connection", "the connection to the provider broke", detail)
            }
            SendFailure::TooLarge(limit) => (
                Class::BadGateway,
                "provider_answer_too_large",
                "the provider's answer is larger than the gateway takes",
                format!("limit {limit} bytes"),
            ),
            SendFailure::Credentials(detail) => (
                Class::BadGateway,
                "provider_credentials",
                "the gateway could not get credentials for the provider; tell the operator",
                detail,
            ),
        };
        let mut error = Self::new(class, code, format!("{message} (provider `{provider}`)"));
        error.detail = detail;
        error
    }

    pub(crate) fn of_decode(error: &DecodeError, provider: &str) -> Self {
        let (code, message) = match error {
            DecodeError::Malformed(_) => ("provider_malformed", "the provider's answer is not in its format"),
            DecodeError::TooLarge { .. } => {
                ("provider_answer_too_large", "the provider's answer is larger than the gateway takes")
            }
            DecodeError::Cut => ("provider_cut", "the provider's answer stopped before its end"),
        };
        let mut own = Self::new(Class::BadGateway, code, format!("{message} (provider `{provider}`)"));
        own.detail = error.to_string();
        own
    }
}
