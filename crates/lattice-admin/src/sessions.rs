//! Sign-ins and sign-outs, for the log.

use lattice_store::records::Kind;
use serde_json::{Value, json};

use crate::Administration;
use crate::actor::Actor;
use crate::change::Plan;
use crate::refusal::Refusal;

impl Administration {
    /// Puts a sign-in on record; `by` is how: `key`, or the issuer.
    ///
    /// # Errors
    /// [`Refusal`] where the database is away.
    pub async fn note_sign_in(&self, actor: &Actor<'_>, by: &str) -> Result<(), Refusal> {
        self.note(actor, "session.create", json!({"by": by})).await
    }

    /// Puts a sign-out on record.
    ///
    /// # Errors
    /// [`Refusal`] where the database is away.
    pub async fn note_sign_out(&self, actor: &Actor<'_>) -> Result<(), Refusal> {
        self.note(actor, "session.delete", Value::Null).await
    }

    async fn note(&self, actor: &Actor<'_>, action: &'static str, after: Value) -> Result<(), Refusal> {
        let principal = actor.principal;
        let (kind, id) = match (&principal.user, &principal.key) {
            (Some(user), _) => (Kind::User, user.to_string()),
            (None, key) => (Kind::Key, key.as_ref().map(|key| key.id.to_string()).unwrap_or_default()),
        };
        let plan = Plan {
            writes: Vec::new(),
            secrets: None,
            action,
            kind,
            id,
            tenant: actor.tenant().to_owned(),
            before: Value::Null,
            after,
            answer: None,
            concerns_callers: false,
            concerns_settings: false,
        };
        self.put_on_record(actor, plan).await
    }
}
