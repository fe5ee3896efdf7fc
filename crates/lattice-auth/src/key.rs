//! API keys: what is kept of them, and what they allow.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use secrecy::{ExposeSecret, SecretString};

use crate::principal::Principal;

/// SHA-256 of a key. Keys are long and random, so that nothing slower is needed to keep them from being guessed (A6).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// Of this key.
    pub fn of(key: &SecretString) -> Self {
        let hash = digest::digest(&digest::SHA256, key.expose_secret().as_bytes());
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(hash.as_ref()).for_each(|(byte, hashed)| *byte = *hashed);
        Self(bytes)
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// An API key, and whose it is.
#[derive(Debug, Clone)]
pub struct Key {
    /// What is kept of it.
    pub hash: KeyHash,
    /// Who calls with it.
    pub principal: Arc<Principal>,
}
