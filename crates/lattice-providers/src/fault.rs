//! What an error answer of a provider means to the client (C5).

use std::time::Duration;

use http::HeaderMap;

/// An error answer of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What it means.
    pub kind: FaultKind,
    /// A stable code, such as `context_length_exceeded`; the kind's own when absent.
    pub code: Option<String>,
    /// For the client: safe, without secrets, at most a few hundred characters.
    pub message: String,
    /// The request's field, where the provider named one and it is the same in the client's dialect.
    pub param: Option<String>,
    /// When to try again, where the provider said so.
    pub retry_after: Option<Duration>,
    /// For the log: what the provider said, cut to a sensible length.
    pub detail: String,
}

/// What an error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The request is wrong: 400.
    InvalidRequest,
    /// The gateway's own key or rights are: the client cannot help it, 502.
    Credentials,
    /// The provider has no such model or deployment: 404.
    NotFound,
    /// Too many requests, or the quota is used up: 429.
    RateLimited,
    /// The request is too large for the provider: 413.
    TooLarge,
    /// The provider is overloaded: 503.
    Overloaded,
    /// The provider timed out: 504.
    Timeout,
    /// The provider failed: 502.
    Server,
}

impl FaultKind {
    /// What a status means where the body says nothing better.
    pub fn of_status(status: u16) -> Self {
        match status {
            401 | 403 | 407 => Self::Credentials,
            404 => Self::NotFound,
            408 | 504 => Self::Timeout,
            413 => Self::TooLarge,
            429 => Self::RateLimited,
            503 | 529 => Self::Overloaded,
            400..=499 => Self::InvalidRequest,
            _ => Self::Server,
        }
    }
}

impl Fault {
    /// Judges by the status, with the provider's own `message` where the fault is the request's and it is safe to show.
    pub fn of_status(status: u16, headers: &HeaderMap, body: &[u8], message: Option<&str>) -> Self {
        let kind = FaultKind::of_status(status);
        let own = match kind {
            FaultKind::InvalidRequest => "the provider refused the request",
            FaultKind::Credentials => {
                "the gateway's credentials for the provider were refused; tell the operator"
            }
            FaultKind::NotFound => "the provider does not have this model",
            FaultKind::RateLimited => "the provider's rate limit or quota is exceeded",
            FaultKind::TooLarge => "the request is too large for the provider",
            FaultKind::Overloaded => "the provider is overloaded",
            FaultKind::Timeout => "the provider timed out",
            FaultKind::Server => "the provider failed",
        };
        let shown = matches!(kind, FaultKind::InvalidRequest | FaultKind::NotFound | FaultKind::TooLarge);
        let message = match message {
            Some(said) if shown && !said.is_empty() => format!("{own}: {}", safe(said)),
            _ => own.to_owned(),
        };
        let detail = String::from_utf8_lossy(body.get(..body.len().min(2000)).unwrap_or(body)).into_owned();
        Self { kind, code: None, message, param: None, retry_after: retry_after(headers), detail }
    }
}

/// `Retry-After` in whole seconds, or `retry-after-ms`, which `OpenAI` and Azure send beside it.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds = number("retry-after-ms").map(|ms| ms / 1000.0).or_else(|| number("retry-after"))?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// At most 500 characters, with everything that looks like a key masked.
pub(crate) fn safe(said: &str) -> String {
    let mut shown = String::new();
    for word in said.split_inclusive(|c: char| c.is_whitespace()) {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let secret = ["sk-", "sk_", "AIza", "gsk_", "xai-", "Bearer", "ya29."]
            .iter()
            .any(|start| bare.starts_with(start))
            || (bare.len() >= 32
                && bare.chars().all(|c| c.is_ascii_alphanumeric() || "_-*".contains(c))
                && bare.chars().any(|c| c.is_ascii_digit()));
        if secret {
            shown.push_str("*** ");
        } else {
            shown.push_str(word);
        }
    }
    shown.trim_end().chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c5_statuses_keep_their_meaning() {
        let kinds = [
            (400, FaultKind::InvalidRequest),
            (422, FaultKind::InvalidRequest),
            (401, FaultKind::Credentials),
            (403, FaultKind::Credentials),
            (404, FaultKind::NotFound),
            (429, FaultKind::RateLimited),
            (500, FaultKind::Server),
            (502, FaultKind::Server),
            (503, FaultKind::Overloaded),
            (529, FaultKind::Overloaded),
            (504, FaultKind::Timeout),
        ];
        for (status, kind) in kinds {
            assert_eq!(FaultKind::of_status(status), kind, "{status}");
        }
    }

    #[test]
    fn keys_are_masked_in_what_the_client_sees() {
        let shown = safe("Incorrect API key provided: sk-proj-abc123. See the page.");
        assert_eq!(shown, "Incorrect API key provided: *** See the page.");
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_milliseconds() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", http::HeaderValue::from_static("7"));
        assert_eq!(Fault::of_status(429, &headers, b"", None).retry_after, Some(Duration::from_secs(7)));
        headers.insert("retry-after-ms", http::HeaderValue::from_static("1500"));
        assert_eq!(Fault::of_status(429, &headers, b"", None).retry_after, Some(Duration::from_millis(1500)));
    }
}
