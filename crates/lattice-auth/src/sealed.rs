//! What only whoever shows the same text again can read: sealed with a key that is made of it, and of nothing that is stored.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};

/// Bytes of a nonce.
const NONCE: usize = 12;

/// Seals a value with this text, for this use and no other.
pub fn seal(text: &SecretString, purpose: &[u8], mut value: Vec<u8>) -> Option<Bytes> {
    let nonce = key(text, purpose)?.seal_in_place_append_tag(Aad::from(purpose), &mut value).ok()?;
    Some(nonce.as_ref().iter().copied().chain(value).collect())
}

/// Opens it again; nothing where it was sealed with another text, or for another use.
pub fn unseal(text: &SecretString, purpose: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, value) = sealed.split_at_checked(NONCE)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut value = value.to_vec();
    let length = key(text, purpose)?.open_in_place(nonce, Aad::from(purpose), &mut value).ok()?.len();
    value.truncate(length);
    Some(value)
}

/// 32 bytes that follow from a text and a purpose, and from which the text does not follow.
pub(crate) fn derived(text: &SecretString, purpose: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, text.expose_secret().as_bytes()), purpose)
}

fn key(text: &SecretString, purpose: &[u8]) -> Option<RandomizedNonceKey> {
    RandomizedNonceKey::new(&AES_256_GCM, derived(text, purpose).as_ref()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_text_and_use_open_it() {
        let (text, other) = (SecretString::from("one"), SecretString::from("two"));
        let sealed = seal(&text, b"a", b"value".to_vec()).unwrap();
        assert_eq!(unseal(&text, b"a", &sealed).unwrap(), b"value");
        assert!(unseal(&other, b"a", &sealed).is_none() && unseal(&text, b"b", &sealed).is_none());
        assert!(unseal(&text, b"a", &sealed[..5]).is_none());
    }
}
