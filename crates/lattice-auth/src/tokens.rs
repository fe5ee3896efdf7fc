//! Tokens of issuers: JSON Web Tokens, checked whole (A5).

mod claims;
mod issuer;
mod keys;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use moka::sync::Cache;
use secrecy::{ExposeSecret, SecretString};

use crate::key::KeyHash;

pub use claims::{ClaimNames, Claims};
pub use issuer::{Issuer, IssuerSettings};
pub(crate) use keys::Endpoints;
pub use keys::is_safe_address;

/// Tokens that are remembered as checked, at most.
const REMEMBERED: u64 = 50_000;

/// How long a token counts as checked: a key that its issuer takes back counts no longer than this and its keys' age together.
const FOR: Duration = Duration::from_mins(1);

/// Gets documents of issuers. Answers are bounded in bytes and time by whoever implements it.
#[async_trait]
pub trait Fetch: Debug + Send + Sync {
    /// The document at this address.
    ///
    /// # Errors
    /// Why there is none, for the operator.
    async fn get(&self, address: &str) -> Result<Bytes, String>;

    /// Posts a form, and reads the answer whatever its status; `basic` are a name and a password.
    ///
    /// # Errors
    /// As [`Self::get`].
    async fn post(
        &self,
        address: &str,
        form: &[(&str, String)],
        basic: Option<(&str, &SecretString)>,
    ) -> Result<Bytes, String>;
}

/// What is wrong with a token. Whoever sends it may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenFault {
    /// It is no token that is understood here, or none that is signed as it should be.
    Malformed,
    /// Nobody here knows its issuer.
    Issuer,
    /// Its signature is not its issuer's.
    Signature,
    /// It is for somebody else.
    Audience,
    /// It is over.
    Expired,
    /// It has not begun.
    Early,
    /// A claim that is needed is missing, or is not what it should be.
    Claim(&'static str),
    /// The issuer's keys cannot be had at present.
    Unreachable(String),
}

/// The issuers whose tokens are taken.
#[derive(Debug)]
pub struct Tokens {
    issuers: Vec<Arc<Issuer>>,
    checked: Cache<KeyHash, Arc<Checked>>,
}

/// A token that is what it says.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) claims: Claims,
}

impl Tokens {
    /// Of these issuers. What `before` knows of those that are the same is kept (D7).
    pub fn new(settings: Vec<IssuerSettings>, fetch: &Arc<dyn Fetch>, before: Option<&Self>) -> Self {
        let known = |settings: &IssuerSettings| {
            before?.issuers.iter().find(|issuer| issuer.settings() == settings).cloned()
        };
        let made = |settings: IssuerSettings| {
            known(&settings).unwrap_or_else(|| Arc::new(Issuer::new(settings, Arc::clone(fetch))))
        };
        let checked = Cache::builder().max_capacity(REMEMBERED).time_to_live(FOR).build();
        Self { issuers: settings.into_iter().map(made).collect(), checked }
    }

    /// The issuers.
    pub fn issuers(&self) -> &[Arc<Issuer>] {
        &self.issuers
    }

    /// Whether a text could be one.
    pub(crate) fn is_one(text: &SecretString) -> bool {
        let text = text.expose_secret();
        text.starts_with("ey") && text.split('.').count() == 3
    }

    /// Checks a token at a time, in seconds since 1970, UTC.
    pub(crate) async fn check(&self, token: &SecretString, now: i64) -> Result<Arc<Checked>, TokenFault> {
        let hash = KeyHash::of(token);
        if let Some(checked) = self.checked.get(&hash) {
            checked.issuer.in_time(&checked.claims, now)?;
            return Ok(checked);
        }
        let issuer = claims::issuer(token).ok_or(TokenFault::Malformed)?;
        let mut issuers = self.issuers.iter().filter(|one| one.settings().issuer == issuer);
        let issuer = issuers.next().ok_or(TokenFault::Issuer)?;
        let checked =
            Arc::new(Checked { issuer: Arc::clone(issuer), claims: issuer.check(token, now).await? });
        self.checked.insert(hash, Arc::clone(&checked));
        Ok(checked)
    }
}
