//! Access tokens: fetched once for all who wait, and renewed before they expire.

mod document;
mod entra;
mod fetch;
mod google;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use http::HeaderValue;
use lattice_providers::TokenSource;
use rustls::ClientConfig;
use tokio::time::Instant;

use crate::error::SendError;
use crate::proxy::Proxy;
use crate::settings::Surroundings;
use document::Grant;
use fetch::Fetcher;

/// How long before it expires a token is renewed; a fifth of its lifetime if that is less.
const AHEAD: Duration = Duration::from_mins(5);
/// How long the token service is not asked again after a failure; meanwhile callers get the same error.
const PAUSE: Duration = Duration::from_secs(1);

/// The tokens of one upstream.
pub(crate) struct Tokens {
    name: String,
    source: TokenSource,
    fetcher: Fetcher,
    surroundings: Arc<Surroundings>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    current: Option<Token>,
    fetching: Option<Shared<BoxFuture<'static, Outcome>>>,
    failed: Option<(Instant, Arc<str>)>,
}

type Outcome = Result<HeaderValue, Arc<str>>;

struct Token {
    header: HeaderValue,
    renew: Instant,
    expires: Instant,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tokens").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Tokens {
    pub(crate) fn new(
        name: String,
        source: TokenSource,
        tls: &Arc<ClientConfig>,
        proxy: &Proxy,
        surroundings: Arc<Surroundings>,
    ) -> Self {
        Self { name, source, fetcher: Fetcher::new(tls, proxy), surroundings, state: Mutex::default() }
    }

    /// The value of `Authorization`.
    pub(crate) async fn bearer(self: &Arc<Self>) -> Result<HeaderValue, SendError> {
        let fetching = {
            let mut state = self.lock();
            let now = Instant::now();
            if let Some((header, is_due)) = state.usable(now) {
                // The old token is good: whoever comes now does not wait for the new one.
                if is_due && state.fetching.is_none() && !state.pauses(now) {
                    state.fetching = Some(self.start());
                }
                return Ok(header);
            }
            match &state.fetching {
                Some(fetching) => fetching.clone(),
                None if state.pauses(now) => return Err(state.failure()),
                None => state.fetching.insert(self.start()).clone(),
            }
        };
        fetching.await.map_err(|reason| SendError::Token { reason: reason.to_string() })
    }

    /// Fetches in a task of its own: a caller who goes away does not take the others' token along.
    fn start(self: &Arc<Self>) -> Shared<BoxFuture<'static, Outcome>> {
        let tokens = Arc::clone(self);
        let task = tokio::spawn(async move {
            let result = tokens.grant().await;
            tokens.settle(result)
        });
        let outcome = task.map(|joined| joined.unwrap_or_else(|_| Err("the fetch was stopped".into())));
        outcome.boxed().shared()
    }

    async fn grant(&self) -> Result<Grant, String> {
        match &self.source {
            TokenSource::EntraClientSecret { .. } | TokenSource::EntraManagedIdentity { .. } => {
                entra::grant(&self.source, &self.fetcher, &self.surroundings).await
            }
            TokenSource::GoogleCredentials { json, scope } => {
                google::from_file(json, scope, &self.fetcher, &self.surroundings).await
            }
            TokenSource::GoogleDefault { scope } => {
                google::default(scope, &self.fetcher, &self.surroundings).await
            }
        }
    }

    fn settle(&self, result: Result<Grant, String>) -> Outcome {
        let now = Instant::now();
        let token = result.and_then(|grant| Token::new(&grant, now));
        let mut state = self.lock();
        state.fetching = None;
        match token {
            Ok(token) => {
                let header = token.header.clone();
                state.failed = None;
                state.current = Some(token);
                Ok(header)
            }
            Err(reason) => {
                tracing::warn!(provider = self.name, reason, "no access token could be had");
                let reason: Arc<str> = reason.into();
                state.failed = Some((now, Arc::clone(&reason)));
                Err(reason)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The token, if it is still good, and whether it should be renewed.
    fn usable(&self, now: Instant) -> Option<(HeaderValue, bool)> {
        let token = self.current.as_ref().filter(|token| now < token.expires)?;
        Some((token.header.clone(), now >= token.renew))
    }

    fn pauses(&self, now: Instant) -> bool {
        self.failed.as_ref().is_some_and(|(at, _)| now < *at + PAUSE)
    }

    fn failure(&self) -> SendError {
        let reason = self.failed.as_ref().map(|(_, reason)| reason.to_string());
        SendError::Token { reason: reason.unwrap_or_default() }
    }
}

impl Token {
    fn new(grant: &Grant, now: Instant) -> Result<Self, String> {
        let mut header = HeaderValue::try_from(format!("Bearer {}", grant.token()))
            .map_err(|_| "the token service's answer is no token".to_owned())?;
        header.set_sensitive(true);
        // An absurd life would overflow the clock.
        let life = grant.life.min(Duration::from_hours(24));
        let expires = now + life;
        Ok(Self { header, renew: expires - AHEAD.min(life / 5), expires })
    }
}
