//! Making a change: checked against what is there, written with its line in the log, and checked again where another was faster.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use lattice_store::records::{Change, Deed, Kind, Outcome, Record, Secret, Write};
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::refusal::{Reason, Refusal};
use crate::repeat::Repeat;
use crate::{Administration, Answer};

/// How long a change waits for those before it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a change is checked again before whoever asks is told to do so.
const ATTEMPTS: usize = 50;

/// What is to be done.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) writes: Vec<Write>,
    pub(crate) secrets: Option<Vec<Secret>>,
    /// What is done, such as `key.create`.
    pub(crate) action: &'static str,
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) tenant: String,
    /// The object before and after it, without secrets.
    pub(crate) before: Value,
    pub(crate) after: Value,
    /// What is answered; `after`, where nothing is said.
    pub(crate) answer: Option<Value>,
    pub(crate) concerns_callers: bool,
    pub(crate) concerns_settings: bool,
}

/// What is to be done, once it is checked. (A closure that is `async` itself cannot say that what it makes goes from thread to thread.)
pub(crate) type Planned<'a> = Pin<Box<dyn Future<Output = Result<Plan, Refusal>> + Send + 'a>>;

impl Administration {
    /// Makes what `plan` plans.
    pub(crate) async fn carry_out<'p>(
        &self,
        actor: &Actor<'_>,
        repeat: Option<&Repeat<'_>>,
        plan: impl Fn() -> Planned<'p> + Send + Sync,
    ) -> Result<Answer, Refusal> {
        // Those of this process wait in line; only other replicas can be faster.
        let Ok(_turn) = tokio::time::timeout(PATIENCE, self.turn.lock()).await else { return Err(busy()) };
        for _ in 0..ATTEMPTS {
            let revision = self.records.revision().await?;
            if let Some(repeat) = repeat
                && let Some(before) = self.records.repeated(repeat.name(), actor.now).await?
            {
                return Answer::read(&repeat.read(&before)?);
            }
            let plan = plan().await?;
            if let Some(unchanged) = plan.unchanged() {
                return Ok(Answer::of(unchanged));
            }
            let is_new = matches!(plan.writes.first(), Some(Write::Put(record)) if record.version == 1);
            let answer = Answer { is_new, ..Answer::of(plan.answer.unwrap_or_else(|| plan.after.clone())) };
            let detail = detail(actor, &plan.before, &plan.after);
            let change = Change {
                follows: Some(revision.changes),
                writes: plan.writes,
                secrets: plan.secrets,
                deed: Deed {
                    at: actor.now,
                    tenant: plan.tenant,
                    actor: actor.principal.name().to_owned(),
                    action: plan.action.to_owned(),
                    object: plan.kind.name().to_owned(),
                    object_id: plan.id,
                    detail,
                },
                concerns_callers: plan.concerns_callers,
                concerns_settings: plan.concerns_settings,
                repeatable: repeat.map(|repeat| repeat.write(&answer.to_keep())).transpose()?,
            };
            match self.records.change(change).await? {
                Outcome::Done => {
                    // What this process answers next must know of it. Where the database has just gone away, the next look will tell.
                    let _ = self.registry.refresh(actor.now).await;
                    return Ok(answer);
                }
                Outcome::Overtaken => {}
                Outcome::Taken => {
                    let message = format!("there is such a {} already", plan.kind.name());
                    return Err(Refusal::new(Reason::Conflict, "already_exists", message));
                }
            }
        }
        Err(busy())
    }

    /// Puts something on record that changes nothing: it has to be checked against nothing, and is in nobody's way.
    pub(crate) async fn put_on_record(&self, actor: &Actor<'_>, plan: Plan) -> Result<(), Refusal> {
        let change = Change {
            follows: None,
            writes: Vec::new(),
            secrets: None,
            deed: Deed {
                at: actor.now,
                tenant: plan.tenant,
                actor: actor.principal.name().to_owned(),
                action: plan.action.to_owned(),
                object: plan.kind.name().to_owned(),
                object_id: plan.id,
                detail: detail(actor, &plan.before, &plan.after),
            },
            concerns_callers: false,
            concerns_settings: false,
            repeatable: None,
        };
        self.records.change(change).await?;
        Ok(())
    }
}

impl Plan {
    /// Removes an object, with what goes along.
    pub(crate) fn removal(
        action: &'static str,
        kind: Kind,
        id: &str,
        tenant: &str,
        before: Value,
        along: impl IntoIterator<Item = Write>,
    ) -> Self {
        let concerns_settings = kind == Kind::Limit;
        Self {
            writes: std::iter::once(Write::Delete(kind, id.to_owned())).chain(along).collect(),
            secrets: None,
            action,
            kind,
            id: id.to_owned(),
            tenant: tenant.to_owned(),
            before,
            after: Value::Null,
            answer: Some(json!({"id": id, "object": kind.name(), "deleted": true})),
            concerns_callers: !concerns_settings,
            concerns_settings,
        }
    }

    /// The object, where the change would leave it as it is.
    fn unchanged(&self) -> Option<Value> {
        let (Some(before), Some(after)) = (self.before.as_object(), self.after.as_object()) else {
            return None;
        };
        let is_stamp = |name: &str| name == "version" || name == "updated_at";
        let is_same = self.secrets.is_none()
            && self.writes.len() == 1
            && after.iter().all(|(name, value)| is_stamp(name) || before.get(name) == Some(value));
        is_same.then(|| self.before.clone())
    }
}

fn busy() -> Refusal {
    let message = "too many changes are made at the same moment; try again";
    Refusal::new(Reason::Unavailable, "storage_busy", message)
}

/// What is kept of something that was removed, so that it does not come back by itself.
pub(crate) fn tombstone(id: String, tenant: &str, lookup: Option<String>, now: i64) -> Record {
    Record {
        kind: Kind::Removed,
        id,
        tenant: tenant.to_owned(),
        owner: String::new(),
        lookup,
        name: String::new(),
        status: "removed".to_owned(),
        created_at: now,
        updated_at: now,
        version: 1,
        document: Bytes::from_static(b"{}"),
    }
}

/// Refuses a change of what was changed since it was read.
pub(crate) fn unchanged(version: i64, expected: Option<i64>) -> Result<(), Refusal> {
    match expected {
        Some(expected) if expected != version => {
            let message = format!("it is at version {version} by now; read it again");
            Err(Refusal::new(Reason::Stale, "version_mismatch", message).with_param("If-Match"))
        }
        _ => Ok(()),
    }
}

fn detail(actor: &Actor<'_>, before: &Value, after: &Value) -> Bytes {
    let principal = actor.principal;
    let detail = json!({
        "before": before,
        "after": after,
        "address": actor.address.map(|address| address.to_string()),
        "request_id": actor.request_id,
        "role": lattice_model::Word::name(principal.role),
        "key_id": principal.key.as_ref().map(|key| &*key.id),
    });
    detail.to_string().into()
}
