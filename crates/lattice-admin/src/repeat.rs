//! Requests that may be sent again: the same answer, without doing it twice.
//!
//! An answer can hold a new key, which must not stand in the database. So it is sealed with what the client showed of itself, which is not
//! there either: whoever asks again can read it, and nobody else can.

use aws_lc_rs::digest;
use lattice_auth::{seal, unseal};
use lattice_store::records::{Hash, Repeatable};
use serde_json::Value;

use crate::actor::{Actor, Named};
use crate::refusal::{Reason, Refusal};

/// How long an answer is kept, in seconds: a day.
const KEPT: i64 = 86_400;

/// The longest name of a request, in bytes.
const LONGEST: usize = 255;

/// A request that has a name.
#[derive(Debug)]
pub(crate) struct Repeat<'a> {
    named: &'a Named,
    name: Hash,
    request: Hash,
    expires_at: i64,
}

impl<'a> Repeat<'a> {
    /// Of a request to make something of this kind, if it has a name.
    pub(crate) fn of(actor: &'a Actor<'_>, kind: &str, body: &[u8]) -> Result<Option<Self>, Refusal> {
        let Some(named) = &actor.named else { return Ok(None) };
        if named.name.is_empty() || named.name.len() > LONGEST {
            let message = format!("`Idempotency-Key` must have 1 to {LONGEST} characters");
            return Err(Refusal::new(Reason::Invalid, "invalid_value", message).with_param("Idempotency-Key"));
        }
        let owner = &actor.principal.owner;
        let name = hash(&[
            owner.tenant.as_bytes(),
            owner.issuer.as_bytes(),
            owner.subject.as_bytes(),
            kind.as_bytes(),
            named.name.as_bytes(),
        ]);
        let expires_at = actor.now.saturating_add(KEPT);
        Ok(Some(Self { named, name, request: hash(&[body]), expires_at }))
    }

    pub(crate) fn name(&self) -> &Hash {
        &self.name
    }

    /// What was answered before.
    pub(crate) fn read(&self, before: &Repeatable) -> Result<Value, Refusal> {
        let conflict = |message| Refusal::new(Reason::Conflict, "idempotency_key_reused", message);
        if before.request != self.request {
            return Err(conflict("this `Idempotency-Key` was used for another request"));
        }
        let open = || {
            let opened = unseal(&self.named.credential, &self.purpose(), &before.answer)?;
            serde_json::from_slice(&opened).ok()
        };
        open().ok_or_else(|| {
            conflict(
                "this `Idempotency-Key` was used, and its answer can be read only with the key that asked",
            )
        })
    }

    /// An answer, to be kept.
    pub(crate) fn write(&self, answer: &Value) -> Result<Repeatable, Refusal> {
        let sealed = serde_json::to_vec(answer)
            .ok()
            .and_then(|answer| seal(&self.named.credential, &self.purpose(), answer));
        let failed = || Refusal::new(Reason::Internal, "internal_error", "the answer could not be kept");
        let answer = sealed.ok_or_else(failed)?;
        Ok(Repeatable { name: self.name, request: self.request, answer, expires_at: self.expires_at })
    }

    fn purpose(&self) -> Vec<u8> {
        [b"repeatable ".as_slice(), &self.name].concat()
    }
}

fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        // With their lengths, so that no two lists make one text.
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(context.finish().as_ref()).for_each(|(byte, hashed)| *byte = *hashed);
    bytes
}
