//! An issuer's keys: fetched when they are needed, and not more often than that (A7).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::{Fetch, TokenFault};

/// After so many seconds keys are fetched again, beside the request that notices.
const FRESH: i64 = 600;

/// After so many seconds keys that could not be fetched again count no more: a day.
const OLD: i64 = 86_400;

/// Seconds between two fetches, whatever tokens ask for.
const PAUSE: i64 = 30;

/// Seconds after a fetch that failed, where there are no keys at all.
const PAUSE_FAILED: i64 = 2;

/// The most keys that are taken of an issuer.
const MOST: usize = 100;

/// An issuer's keys.
#[derive(Debug)]
pub(super) struct Keys {
    issuer: String,
    /// Where the issuer describes itself; `is_given` where the operator said so.
    discovery: String,
    is_discovery_given: bool,
    fetch: Arc<dyn Fetch>,
    known: ArcSwap<Known>,
    /// Where the issuer does what, and when it said so.
    endpoints: Mutex<Described>,
    /// When they were last asked for: seconds since 1970, UTC.
    asked_at: AtomicI64,
    asking: Mutex<()>,
}

/// What is known of where an issuer does what.
#[derive(Debug, Default)]
struct Described {
    known: Option<(i64, Endpoints)>,
    failed: Option<(i64, String)>,
}

/// Where an issuer does what.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    /// Where people sign in.
    pub(crate) authorization: String,
    /// Where a code becomes a token.
    pub(crate) token: String,
    /// Where people sign out.
    pub(crate) end_session: Option<String>,
}

#[derive(Debug, Default)]
struct Known {
    keys: Vec<Key>,
    fetched_at: i64,
    failed: Option<String>,
}

/// A key, and what it is for.
#[derive(Debug, Clone)]
pub(super) struct Key {
    id: Option<String>,
    algorithm: Option<Algorithm>,
    pub(super) public: DecodingKey,
}

impl Keys {
    pub(super) fn new(issuer: &str, discovery: Option<&str>, fetch: Arc<dyn Fetch>) -> Self {
        let usual = || format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        Self {
            issuer: issuer.to_owned(),
            discovery: discovery.map_or_else(usual, str::to_owned),
            is_discovery_given: discovery.is_some(),
            fetch,
            known: ArcSwap::default(),
            endpoints: Mutex::default(),
            asked_at: AtomicI64::new(i64::MIN),
            asking: Mutex::new(()),
        }
    }

    /// The keys that a token with this header may be signed with.
    pub(super) async fn of(
        self: &Arc<Self>,
        id: Option<&str>,
        algorithm: Algorithm,
        now: i64,
    ) -> Result<Vec<Key>, TokenFault> {
        let known = self.known.load();
        let found = known.matching(id, algorithm);
        let age = now.saturating_sub(known.fetched_at);
        if !found.is_empty() && age <= OLD {
            if age > FRESH && self.may_ask(now, &known) {
                let keys = Arc::clone(self);
                tokio::spawn(async move { keys.refresh(now).await });
            }
            return Ok(found);
        }
        drop(known);
        self.refresh(now).await;
        let known = self.known.load();
        let found = known.matching(id, algorithm);
        match &known.failed {
            _ if !found.is_empty() && now.saturating_sub(known.fetched_at) <= OLD => Ok(found),
            Some(why) => Err(TokenFault::Unreachable(why.clone())),
            None => Err(TokenFault::Signature),
        }
    }

    fn may_ask(&self, now: i64, known: &Known) -> bool {
        let pause = if known.keys.is_empty() && known.failed.is_some() { PAUSE_FAILED } else { PAUSE };
        now.saturating_sub(self.asked_at.load(Ordering::Acquire)) >= pause
    }

    /// Fetches the keys, once for all who wait, and not so soon after the last time.
    async fn refresh(&self, now: i64) {
        let _asking = self.asking.lock().await;
        let known = self.known.load_full();
        if !self.may_ask(now, &known) {
            return;
        }
        self.asked_at.store(now, Ordering::Release);
        let next = match self.read().await {
            Ok(keys) => Known { keys, fetched_at: now, failed: None },
            Err(why) => {
                tracing::warn!(issuer = self.issuer, "the issuer's keys could not be had: {why}");
                Known { keys: known.keys.clone(), fetched_at: known.fetched_at, failed: Some(why) }
            }
        };
        self.known.store(Arc::new(next));
    }

    pub(super) fn fetch(&self) -> &dyn Fetch {
        &*self.fetch
    }

    /// Where the issuer does what.
    pub(super) async fn endpoints(&self, now: i64) -> Result<Endpoints, String> {
        let mut state = self.endpoints.lock().await;
        let age = |at: i64| now.saturating_sub(at);
        if let Some((at, endpoints)) = &state.known
            && age(*at) <= FRESH
        {
            return Ok(endpoints.clone());
        }
        let old = state.known.as_ref().filter(|(at, _)| age(*at) <= OLD);
        let old = old.map(|(_, endpoints)| endpoints.clone());
        // Whoever waited for an attempt that failed does not begin another at once.
        if let Some((_, why)) = state.failed.as_ref().filter(|(at, _)| age(*at) < PAUSE_FAILED) {
            return old.ok_or_else(|| why.clone());
        }
        match self.ask_endpoints().await {
            Ok(endpoints) => {
                *state = Described { known: Some((now, endpoints.clone())), failed: None };
                Ok(endpoints)
            }
            Err(why) => {
                state.failed = Some((now, why.clone()));
                old.ok_or(why)
            }
        }
    }

    async fn ask_endpoints(&self) -> Result<Endpoints, String> {
        let described = self.described().await?;
        let said = |name: &str| {
            let said = described.get(name).and_then(Value::as_str);
            said.filter(|address| is_safe_address(address)).map(str::to_owned)
        };
        let missing = |name: &str| format!("{} names no safe `{name}`", self.discovery);
        Ok(Endpoints {
            authorization: said("authorization_endpoint").ok_or_else(|| missing("authorization_endpoint"))?,
            token: said("token_endpoint").ok_or_else(|| missing("token_endpoint"))?,
            end_session: said("end_session_endpoint"),
        })
    }

    async fn described(&self) -> Result<Map<String, Value>, String> {
        let described = self.document(&self.discovery).await?;
        let issuer = described.get("issuer").and_then(Value::as_str);
        if !self.is_discovery_given && issuer != Some(self.issuer.as_str()) {
            return Err(format!("{} describes another issuer", self.discovery));
        }
        Ok(described)
    }

    async fn read(&self) -> Result<Vec<Key>, String> {
        let described = self.described().await?;
        let said = |name: &str| described.get(name).and_then(Value::as_str);
        let address = said("jwks_uri").ok_or_else(|| format!("{} names no `jwks_uri`", self.discovery))?;
        if !is_safe_address(address) {
            return Err(format!("the keys' address `{address}` is neither https nor on this machine"));
        }
        let document = self.document(address).await?;
        let keys = document.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or_else(|| format!("{address} holds no keys"))?;
        // One that is not understood must not take the others along.
        Ok(keys.iter().filter_map(Key::of).take(MOST).collect())
    }

    async fn document(&self, address: &str) -> Result<Map<String, Value>, String> {
        let body = self.fetch.get(address).await?;
        serde_json::from_slice(&body).map_err(|_| format!("{address} is no JSON object"))
    }
}

/// Whether what comes from an address can be trusted to come from there: by TLS, or because it is on this machine.
pub fn is_safe_address(address: &str) -> bool {
    let Ok(url) = url::Url::parse(address) else { return false };
    let is_local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || url.scheme() == "http" && is_local
}

impl Known {
    fn matching(&self, id: Option<&str>, algorithm: Algorithm) -> Vec<Key> {
        let fits = |key: &&Key| {
            (id.is_none() || key.id.as_deref() == id || key.id.is_none())
                && key.algorithm.is_none_or(|own| own == algorithm)
                && key.public.family().algorithms().contains(&algorithm)
        };
        self.keys.iter().filter(fits).cloned().collect()
    }
}

impl Key {
    /// A public key for signatures.
    fn of(value: &Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
        let is_for_signatures = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
        // A shared secret is no public key: whoever reads it could sign.
        if !is_for_signatures || matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_)) {
            return None;
        }
        let algorithm = match jwk.common.key_algorithm {
            None => None,
            Some(algorithm) => Some(algorithm_of(algorithm)?),
        };
        Some(Self { id: jwk.common.key_id.clone(), algorithm, public: DecodingKey::from_jwk(&jwk).ok()? })
    }
}

fn algorithm_of(algorithm: KeyAlgorithm) -> Option<Algorithm> {
    algorithm.to_string().parse().ok()
}
