//! Why an exchange failed.

use std::error::Error as StdError;
use std::io;

use lattice_gateway::UpstreamError;

use crate::proxy::UnusableProxy;

/// Why an exchange failed. The texts of variants are safe to show to a client; a `detail` is for the log alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// No connection could be made.
    #[error("could not connect: {reason}")]
    Connect {
        /// In a few words.
        reason: &'static str,
        /// With names and addresses.
        detail: String,
    },
    /// No connection was made in time.
    #[error("timed out while connecting")]
    ConnectTimeout,
    /// The answer did not begin in time.
    #[error("timed out while waiting for the answer to begin")]
    FirstByteTimeout,
    /// The answer stopped in the middle for too long.
    #[error("timed out while waiting for more of the answer")]
    IdleTimeout,
    /// The exchange took longer than all of it may.
    #[error("timed out before the answer was complete")]
    TotalTimeout,
    /// The connection broke before the answer began.
    #[error("the connection broke before the answer began")]
    Reset {
        /// How.
        detail: String,
    },
    /// The connection broke in the middle of the answer.
    #[error("the connection broke in the middle of the answer")]
    Cut {
        /// How.
        detail: String,
    },
    /// The answer is too large.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// No token could be had. The reason is for the log.
    #[error("no access token could be had")]
    Token {
        /// Why not.
        reason: String,
    },
}

impl SendError {
    /// What the log should say beyond the error's own text; empty when there is nothing to add.
    pub fn detail(&self) -> &str {
        match self {
            Self::Connect { detail, .. } | Self::Reset { detail } | Self::Cut { detail } => detail,
            Self::Token { reason } => reason,
            Self::ConnectTimeout
            | Self::FirstByteTimeout
            | Self::IdleTimeout
            | Self::TotalTimeout
            | Self::TooLarge { .. } => "",
        }
    }

    /// Of a call that brought no answer.
    pub(crate) fn of_call(error: &hyper_util::client::legacy::Error) -> Self {
        if causes(error).any(<dyn StdError>::is::<ConnectTimedOut>) {
            return Self::ConnectTimeout;
        }
        let detail = chain(error);
        if error.is_connect() {
            return Self::Connect { reason: connect_reason(error), detail };
        }
        Self::Reset { detail }
    }

    /// Of a body that broke.
    pub(crate) fn of_body(error: &hyper::Error) -> Self {
        Self::Cut { detail: chain(error) }
    }
}

impl From<SendError> for UpstreamError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Connect { reason, detail } => Self::Unreachable(format!("{reason}: {detail}")),
            SendError::ConnectTimeout => Self::Timeout("connecting to the provider took too long"),
            SendError::FirstByteTimeout => Self::Timeout("the provider took too long to begin its answer"),
            SendError::IdleTimeout => Self::Timeout("the provider was silent for too long"),
            SendError::TotalTimeout => Self::Timeout("the provider took too long for its whole answer"),
            SendError::Reset { detail } | SendError::Cut { detail } => Self::Broken(detail),
            SendError::TooLarge { limit } => Self::TooLarge(limit),
            SendError::Token { reason } => Self::Credentials(reason),
        }
    }
}

/// The connector's own timeout, found again in the chain of causes.
#[derive(Debug, thiserror::Error)]
#[error("no connection in time")]
pub(crate) struct ConnectTimedOut;

fn connect_reason(error: &(dyn StdError + 'static)) -> &'static str {
    for cause in causes(error) {
        if cause.is::<UnusableProxy>() {
            return "the proxy's address is not usable";
        }
        if let Some(error) = cause.downcast_ref::<rustls::Error>() {
            return match error {
                rustls::Error::InvalidCertificate(_) => "the certificate is not trusted",
                _ => "the TLS handshake failed",
            };
        }
        if let Some(error) = cause.downcast_ref::<io::Error>().filter(|error| error.get_ref().is_none()) {
            return match error.kind() {
                io::ErrorKind::ConnectionRefused => "connection refused",
                io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof => "connection reset",
                io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "no route to the host",
                _ => "network error",
            };
        }
        let text = cause.to_string();
        if text.starts_with("dns error") {
            return "the host's name is unknown";
        }
        if text.starts_with("tunnel error: unsuccessful") || text.starts_with("tunnel error: proxy auth") {
            return "the proxy refused";
        }
    }
    "no connection"
}

/// An error and what is behind it. An `io::Error` is opened, because its `source` skips the error that it holds.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn StdError + 'static) = *error;
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(held) => {
                let held: &'a (dyn StdError + 'static) = held;
                Some(held)
            }
            None => error.source(),
        }
    })
}

/// The texts of all causes in one line.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = cause.to_string();
        if !texts.last().is_some_and(|last| last.contains(&text)) {
            texts.push(text);
        }
    }
    texts.join(": ")
}
