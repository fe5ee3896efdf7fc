//! How a caller's limits stand, in the headers that `OpenAI`'s API has for it (B6).
//! <https://platform.openai.com/docs/guides/rate-limits>

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use lattice_limits::{Left, State};

const REQUESTS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-requests"),
    HeaderName::from_static("x-ratelimit-remaining-requests"),
    HeaderName::from_static("x-ratelimit-reset-requests"),
];

const TOKENS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-tokens"),
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
    HeaderName::from_static("x-ratelimit-reset-tokens"),
];

/// All of them, for pages that may read them.
pub(crate) fn names() -> impl Iterator<Item = HeaderName> {
    REQUESTS.into_iter().chain(TOKENS)
}

/// Tells how they stand; nothing where nothing is limited.
pub(crate) fn tell(headers: &mut HeaderMap, state: &State) {
    for (names, left) in [(REQUESTS, state.requests), (TOKENS, state.tokens)] {
        let Some(Left { limit, remaining, reset }) = left else { continue };
        let [name_of_limit, name_of_remaining, name_of_reset] = names;
        headers.insert(name_of_limit, HeaderValue::from(limit));
        headers.insert(name_of_remaining, HeaderValue::from(remaining));
        if let Ok(reset) = HeaderValue::try_from(shown(reset)) {
            headers.insert(name_of_reset, reset);
        }
    }
}

/// A time as that API writes it: `20ms`, `1s`, `6m0s`, `23h59m0s`.
fn shown(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        return format!("{}ms", time.as_millis());
    }
    // Rounded up: nobody should come back too early.
    let seconds = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b6_times_are_written_as_openai_writes_them() {
        for (time, wanted) in [
            (Duration::ZERO, "0ms"),
            (Duration::from_micros(20_500), "20ms"),
            (Duration::from_secs(1), "1s"),
            (Duration::from_millis(1001), "2s"),
            (Duration::from_mins(6), "6m0s"),
            (Duration::from_secs(86_399), "23h59m59s"),
        ] {
            assert_eq!(shown(time), wanted);
        }
    }
}
