//! The texts of API keys: what is kept of them, and how new ones are made.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::{digest, rand};
use lattice_store::records::Hash;
use secrecy::{ExposeSecret, SecretString};

use crate::principal::Principal;

/// How every key of ours begins: whoever finds one knows what it is, and nothing else is looked for in the database.
const PREFIX: &str = "llm-";

/// Letters of a key behind its prefix: 32 of 62 are 190 bits.
const LENGTH: usize = 32;

/// Letters of a key that are shown to tell it from others.
const SHOWN: usize = 10;

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// SHA-256 of a key. Keys are long and random, so that nothing slower is needed to keep them from being guessed (A6).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(Hash);

impl KeyHash {
    /// Of this key.
    pub fn of(key: &SecretString) -> Self {
        let hash = digest::digest(&digest::SHA256, key.expose_secret().as_bytes());
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(hash.as_ref()).for_each(|(byte, hashed)| *byte = *hashed);
        Self(bytes)
    }

    /// As it was stored.
    pub(crate) fn of_bytes(bytes: Hash) -> Self {
        Self(bytes)
    }

    /// As it is stored.
    pub fn bytes(&self) -> &Hash {
        &self.0
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// A new key's text, and what may be shown of it.
///
/// # Errors
/// Where the machine has no randomness to give.
pub fn mint() -> Result<(SecretString, String), NoRandomness> {
    let mut text = PREFIX.to_owned();
    while text.len() < PREFIX.len() + LENGTH {
        let mut bytes = [0_u8; 64];
        rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
        // Those beyond the last whole set of letters would make some letters likelier than others.
        let letters = bytes.iter().map(|byte| usize::from(byte & 63)).filter_map(|at| LETTERS.get(at));
        text.extend(letters.take(PREFIX.len() + LENGTH - text.len()).map(|letter| char::from(*letter)));
    }
    let shown = text.get(..SHOWN).unwrap_or_default().to_owned();
    Ok((SecretString::from(text), shown))
}

/// The machine has no randomness to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRandomness;

/// Whether a text could be one of the keys that are made here.
pub(crate) fn is_ours(text: &SecretString) -> bool {
    let letters = text.expose_secret().strip_prefix(PREFIX);
    letters.is_some_and(|letters| {
        letters.len() == LENGTH && letters.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// An API key of the configuration, and whose it is.
#[derive(Debug, Clone)]
pub struct Key {
    /// What is kept of it.
    pub hash: KeyHash,
    /// Who calls with it.
    pub principal: Arc<Principal>,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a6_new_keys_are_ours_and_all_different() {
        let made: HashSet<String> = (0..500).map(|_| mint().unwrap().0.expose_secret().to_owned()).collect();
        assert_eq!(made.len(), 500);
        for key in &made {
            assert!(is_ours(&key.as_str().into()), "{key}");
            assert!(!is_ours(&key.get(1..).unwrap().into()) && !is_ours(&format!("{key}a").into()));
        }
        let letters: HashSet<char> = made.iter().flat_map(|key| key.chars().skip(PREFIX.len())).collect();
        assert_eq!(letters.len(), LETTERS.len());
        let (key, shown) = mint().unwrap();
        assert!(key.expose_secret().starts_with(&shown) && shown.len() == SHOWN);
    }
}
