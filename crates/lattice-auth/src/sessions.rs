//! Sessions of browsers: a text that only the browser has, and a row that knows its hash.

use std::sync::Arc;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use lattice_store::{Session, StoreError, Whose};
use secrecy::{ExposeSecret, SecretString};

use crate::key::{KeyHash, NoRandomness};
use crate::sealed::{derived, seal, unseal};

/// Seconds for which it is not written down again that a session was used.
const NOTED: i64 = 60;

/// Letters of a session's text: 256 bits.
const LENGTH: usize = 43;

/// What is sealed with a session's text.
const KEPT: &[u8] = b"session";

/// Sessions, and how long they last.
#[derive(Debug)]
pub struct Sessions {
    store: Arc<dyn lattice_store::Sessions>,
    /// From the sign-in on, in seconds.
    pub lifetime: i64,
    /// Without being used, in seconds.
    pub idle: i64,
}

/// A session that has begun.
#[derive(Debug)]
pub struct Begun {
    /// What the browser shows from now on.
    pub text: SecretString,
    /// When it ends: seconds since 1970, UTC.
    pub expires_at: i64,
}

impl Sessions {
    /// Kept there, and lasting so long.
    pub fn new(store: Arc<dyn lattice_store::Sessions>, lifetime: i64, idle: i64) -> Self {
        Self { store, lifetime, idle }
    }

    /// The same sessions, lasting so long.
    #[must_use]
    pub fn lasting(&self, lifetime: i64, idle: i64) -> Self {
        Self::new(Arc::clone(&self.store), lifetime, idle)
    }

    /// Begins a session: always a new one, so that nobody can have known its text before (A5). `kept` is for [`Self::kept`].
    ///
    /// # Errors
    /// Where the database is away.
    pub async fn begin(&self, whose: Whose, kept: &str, now: i64) -> Result<Begun, StoreError> {
        let text = random().map_err(|_| StoreError::Unavailable("no randomness".to_owned()))?;
        let sealed = match kept {
            "" => Bytes::new(),
            kept => seal(&text, KEPT, kept.as_bytes().to_vec()).unwrap_or_default(),
        };
        let expires_at = now.saturating_add(self.lifetime);
        let hash = *KeyHash::of(&text).bytes();
        let session = Session { hash, whose, created_at: now, seen_at: now, expires_at, sealed };
        self.store.begin(session).await?;
        Ok(Begun { text, expires_at })
    }

    /// The session of this text, if it lasts. Its idle time begins again.
    ///
    /// # Errors
    /// Where the database is away.
    pub async fn read(&self, text: &SecretString, now: i64) -> Result<Option<Session>, StoreError> {
        let hash = *KeyHash::of(text).bytes();
        let session = self.store.session(&hash, now, now.saturating_sub(self.idle)).await?;
        if let Some(session) = &session
            && now.saturating_sub(session.seen_at) >= NOTED.min(self.idle / 4)
        {
            self.store.touch(&hash, now).await?;
        }
        Ok(session)
    }

    /// Whether a text could be a session's: nothing else is looked for in the database.
    pub(crate) fn could_be(text: &SecretString) -> bool {
        let text = text.expose_secret();
        text.len() == LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    }

    /// What was kept with a session when it began.
    pub fn kept(text: &SecretString, session: &Session) -> Option<String> {
        String::from_utf8(unseal(text, KEPT, &session.sealed)?).ok()
    }

    /// Ends the session of this text; whether there was one.
    ///
    /// # Errors
    /// Where the database is away.
    pub async fn end(&self, text: &SecretString) -> Result<bool, StoreError> {
        self.store.end(KeyHash::of(text).bytes()).await
    }

    /// What a page shows in `X-CSRF-Token`: it follows from the session's text, which other pages cannot read.
    pub fn csrf_token(text: &SecretString) -> String {
        URL_SAFE_NO_PAD.encode(derived(text, b"csrf"))
    }
}

/// Whether two texts are the same, in a time that tells nothing of where they differ.
pub fn is_same(one: &[u8], other: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one, other).is_ok()
}

/// 256 bits that nobody can guess, as letters.
pub(crate) fn random() -> Result<SecretString, NoRandomness> {
    let mut bytes = [0_u8; 32];
    rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes).into())
}
