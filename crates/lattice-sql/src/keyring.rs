//! Encryption of what is stored: contents, not ids, times and states.
//!
//! A sealed value is `0x01`, four bytes that tell the key, a nonce of twelve, and AES-256-GCM's text and tag. The key of each value is made
//! of the operator's and of where the value stands, so that nothing can be moved elsewhere and no key meets many nonces. A value that was
//! stored without a key is JSON and begins otherwise.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::{digest, hmac};
use bytes::Bytes;
use lattice_store::StoreError;
use secrecy::{ExposeSecret, SecretBox};

/// How a sealed value begins.
const SEALED: u8 = 1;

/// Bytes that tell the key.
const NAME: usize = 4;

/// A nonce's bytes.
const NONCE: usize = 12;

/// The keys that open what is stored; the first one seals. Without any, contents are stored as they are.
#[derive(Default)]
pub struct Keyring(Vec<Key>);

struct Key {
    name: [u8; NAME],
    key: hmac::Key,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Keyring({} keys)", self.0.len())
    }
}

impl Keyring {
    /// Of these keys.
    pub fn new(keys: &[SecretBox<[u8; 32]>]) -> Self {
        let key = |key: &SecretBox<[u8; 32]>| {
            let mut name = [0; NAME];
            let mut hash = digest::Context::new(&digest::SHA256);
            hash.update(b"latticelm key name");
            hash.update(key.expose_secret());
            name.iter_mut().zip(hash.finish().as_ref()).for_each(|(byte, hashed)| *byte = *hashed);
            Key { name, key: hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret()) }
        };
        Self(keys.iter().map(key).collect())
    }

    /// Seals a value that will stand at this place. Nothing stays nothing.
    pub(crate) fn seal(&self, value: Bytes, place: &str) -> Result<Bytes, StoreError> {
        let Some(key) = self.0.first().filter(|_| !value.is_empty()) else { return Ok(value) };
        let failed = |_| StoreError::Refused("the content could not be encrypted".to_owned());
        let mut text = value.to_vec();
        let nonce = key.at(place)?.seal_in_place_append_tag(Aad::from(place), &mut text).map_err(failed)?;
        let mut sealed = Vec::with_capacity(text.len().saturating_add(1 + NAME + NONCE));
        sealed.push(SEALED);
        sealed.extend_from_slice(&key.name);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&text);
        Ok(sealed.into())
    }

    /// Opens a value that stands at this place.
    pub(crate) fn open(&self, value: Bytes, place: &str) -> Result<Bytes, StoreError> {
        if value.first() != Some(&SEALED) {
            return Ok(value);
        }
        let unreadable = |why: &str| StoreError::Unreadable(format!("{place}: {why}"));
        let parts = value.get(1..).and_then(|rest| rest.split_at_checked(NAME));
        let parts = parts.and_then(|(name, rest)| Some((name, rest.split_at_checked(NONCE)?)));
        let Some((name, (nonce, text))) = parts else { return Err(unreadable("it is cut short")) };
        let Some(key) = self.0.iter().find(|key| key.name == name) else {
            return Err(unreadable("it is encrypted with a key that `ENCRYPTION_KEY` does not hold"));
        };
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| unreadable("its nonce is wrong"))?;
        let mut text = text.to_vec();
        let opened = key.at(place)?.open_in_place(nonce, Aad::from(place), &mut text);
        let length = opened.map_err(|_| unreadable("it was changed, or does not belong here"))?.len();
        text.truncate(length);
        Ok(text.into())
    }
}

impl Key {
    /// The key for what stands at this place.
    fn at(&self, place: &str) -> Result<RandomizedNonceKey, StoreError> {
        let key = hmac::sign(&self.key, place.as_bytes());
        let failed = |_| StoreError::Refused("the encryption key cannot be used".to_owned());
        RandomizedNonceKey::new(&AES_256_GCM, key.as_ref()).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring(keys: &[u8]) -> Keyring {
        Keyring::new(&keys.iter().map(|byte| SecretBox::new(Box::new([*byte; 32]))).collect::<Vec<_>>())
    }

    #[test]
    fn a_value_opens_only_where_it_was_put_and_only_with_its_key() {
        let value = Bytes::from_static(b"[\"the content\"]");
        let sealed = keyring(&[7]).seal(value.clone(), "a/1/input").unwrap();
        assert!(!sealed.windows(7).any(|bytes| bytes == b"content"));
        assert_ne!(
            sealed,
            keyring(&[7]).seal(value.clone(), "a/1/input").unwrap(),
            "each has a nonce of its own"
        );
        assert_eq!(keyring(&[7]).open(sealed.clone(), "a/1/input").unwrap(), value);
        // After a change of keys the older one opens still.
        assert_eq!(keyring(&[8, 7]).open(sealed.clone(), "a/1/input").unwrap(), value);
        assert!(keyring(&[7]).open(sealed.clone(), "a/2/input").is_err());
        let error = keyring(&[8]).open(sealed.clone(), "a/1/input").unwrap_err().to_string();
        assert!(error.contains("ENCRYPTION_KEY"), "{error}");
        for at in 0..sealed.len() {
            let mut changed = sealed.to_vec();
            changed[at] ^= 0x10;
            let opened = keyring(&[7]).open(changed.into(), "a/1/input");
            assert!(at == 0 || opened.is_err(), "byte {at}");
        }
        for length in 1..sealed.len() {
            assert!(keyring(&[7]).open(sealed.slice(..length), "a/1/input").is_err());
        }
    }

    #[test]
    fn without_a_key_values_stay_as_they_are() {
        let value = Bytes::from_static(b"[]");
        assert_eq!(Keyring::default().seal(value.clone(), "x").unwrap(), value);
        assert_eq!(keyring(&[7]).open(value.clone(), "x").unwrap(), value, "stored before there was a key");
        assert!(keyring(&[7]).seal(Bytes::new(), "x").unwrap().is_empty());
    }
}
