//! `x-request-id`: the caller's, if it is sane, else one of ours.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of one request, in answers and in the log.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// Takes the caller's: 1 to 128 letters, digits, `-`, `_`, `.` and `:`.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let sane = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
        match headers.get(HEADER) {
            Some(said) if (1..=128).contains(&said.len()) && said.as_bytes().iter().all(sane) => {
                Self(said.clone())
            }
            _ => {
                let minted = format!("req_{}", uuid::Uuid::now_v7().simple());
                Self(HeaderValue::try_from(minted).unwrap_or(HeaderValue::from_static("req_0")))
            }
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(crate) fn value(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// The outermost layer has put it into the headers, so it is the same for all who ask.
impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}
