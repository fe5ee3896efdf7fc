//! Users: people and services.

use lattice_auth::kept::{ApiKey, Kept, Stamp, Status, User, UserKind};
use lattice_auth::{Bounds, Role};
use lattice_model::Word;
use lattice_store::records::{Kind, Wanted, Write};
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::change::{Plan, tombstone, unchanged};
use crate::fields::Fields;
use crate::page::Page;
use crate::refusal::{Reason, Refusal};
use crate::repeat::Repeat;
use crate::{Administration, Answer, times};

/// Users that are looked at to find an owner among them, at once.
const PAGE: usize = 200;

impl Administration {
    /// A page of the users of the tenants that the actor runs.
    ///
    /// # Errors
    /// [`Refusal`] for a query that is wrong, or another tenant.
    pub async fn list_users(&self, actor: &Actor<'_>, query: &[(String, String)]) -> Result<Value, Refusal> {
        let page = Page::of(query, &["q", "status", "tenant_id"])?;
        let wanted = Wanted {
            kind: Kind::User,
            tenant: actor.scope(page.filter("tenant_id"))?,
            owner: None,
            status: page.filter("status"),
            search: page.filter("q"),
            after: page.after.as_deref(),
            limit: page.limit,
            is_ascending: page.is_ascending,
        };
        let kept = self.records.records(wanted).await?;
        let kept: Result<Vec<Value>, _> =
            kept.iter().map(|record| User::of_record(record).map(|user| object(&user))).collect();
        Ok(page.merged(Vec::new(), kept?))
    }

    /// A user.
    ///
    /// # Errors
    /// [`Refusal`] where they are not there, or another tenant's.
    pub async fn get_user(&self, actor: &Actor<'_>, id: &str) -> Result<Answer, Refusal> {
        Ok(Answer::of(object(&self.user(actor, id).await?)))
    }

    /// Makes a user.
    ///
    /// # Errors
    /// [`Refusal`] for a body that is wrong, a role above the actor's, or somebody who is there already.
    pub async fn create_user(&self, actor: &Actor<'_>, body: &[u8]) -> Result<Answer, Refusal> {
        let repeat = Repeat::of(actor, "user", body)?;
        self.carry_out(actor, repeat.as_ref(), || {
            Box::pin(async move {
                let mut fields = Fields::of(body)?;
                let kind = fields.word("kind")?.needed("kind", Some(UserKind::Person))?;
                let tenant = actor.target_tenant(fields.text("tenant_id")?.or(None))?;
                unbounded(actor)?;
                let name = fields.text("name")?.or(None);
                let email = fields.text("email")?.or(None);
                let role = fields.word("role")?.needed("role", Some(Role::Member))?;
                let status = fields.word("status")?.needed("status", Some(Status::Active))?;
                let id = format!("user_{}", actor.new_id);
                let (issuer, subject) = match kind {
                    UserKind::Person => (
                        fields.text("issuer")?.needed("issuer", None)?,
                        fields.text("subject")?.needed("subject", None)?,
                    ),
                    // A service is known here alone, by its id.
                    UserKind::Service => (String::new(), id.clone()),
                };
                fields.finish()?;
                actor.reaches(role)?;
                self.expect_tenant(&tenant).await?;
                let name = name.or_else(|| email.clone()).unwrap_or_else(|| subject.clone());
                let stamp = Stamp::new(id, actor.now);
                let groups = Vec::new();
                // Whom an issuer knows is nobody's but the installation's to say: a tenant has only those whose tokens name it.
                let is_of_tenant = kind == UserKind::Person && !actor.is_operator();
                let user = User {
                    stamp,
                    kind,
                    tenant,
                    issuer,
                    subject,
                    email,
                    groups,
                    name,
                    role,
                    status,
                    is_of_tenant,
                };
                let mut plan = plan("user.create", None, &user)?;
                // Whoever was removed before is wanted again.
                plan.writes
                    .extend(self.tombstone_of(&user).await?.map(|id| Write::Delete(Kind::Removed, id)));
                Ok(plan)
            })
        })
        .await
    }

    /// Changes a user.
    ///
    /// # Errors
    /// [`Refusal`] where they are not there, are above the actor, or are the last who owns the tenant.
    pub async fn update_user(
        &self,
        actor: &Actor<'_>,
        id: &str,
        body: &[u8],
        expected: Option<i64>,
    ) -> Result<Answer, Refusal> {
        self.carry_out(actor, None, || {
            Box::pin(async move {
                let before = self.writable_user(actor, id, expected).await?;
                let mut fields = Fields::of(body)?;
                let mut after = before.clone();
                after.name = fields.text("name")?.needed("name", Some(before.name.clone()))?;
                after.email = fields.text("email")?.or(before.email.clone());
                after.role = fields.word("role")?.needed("role", Some(before.role))?;
                after.status = fields.word("status")?.needed("status", Some(before.status))?;
                fields.finish()?;
                actor.reaches(after.role)?;
                if owns(&before) && !owns(&after) {
                    self.expect_another_owner(&before).await?;
                }
                after.stamp = before.stamp.changed(actor.now);
                plan("user.update", Some(&before), &after)
            })
        })
        .await
    }

    /// Removes a user. Their keys let nobody in any more.
    ///
    /// # Errors
    /// As [`Self::update_user`].
    pub async fn delete_user(
        &self,
        actor: &Actor<'_>,
        id: &str,
        expected: Option<i64>,
    ) -> Result<Answer, Refusal> {
        self.carry_out(actor, None, || {
            Box::pin(async move {
                let before = self.writable_user(actor, id, expected).await?;
                if actor.principal.user.as_deref() == Some(id) {
                    let message = "nobody removes themselves: another has to do it";
                    return Err(Refusal::new(Reason::Conflict, "own_user", message));
                }
                if owns(&before) {
                    self.expect_another_owner(&before).await?;
                }
                let mut along = Vec::new();
                if before.kind == UserKind::Person {
                    // Their next token must not make them anew, with what it says.
                    let lookup = Some(before.lookup());
                    along.push(Write::Put(tombstone(id.to_owned(), &before.tenant, lookup, actor.now)));
                }
                along.extend(self.revoked_keys_of(id, actor.now).await?);
                Ok(Plan::removal("user.delete", Kind::User, id, &before.tenant, object(&before), along))
            })
        })
        .await
    }

    /// The id of what is kept of a user who was removed.
    pub(crate) async fn tombstone_of(&self, user: &User) -> Result<Option<String>, Refusal> {
        let kept = self.records.looked_up(Kind::Removed, &user.lookup()).await?;
        Ok(kept.map(|record| record.id))
    }

    /// The keys of a user, as they are once it is gone.
    async fn revoked_keys_of(&self, id: &str, now: i64) -> Result<Vec<Write>, Refusal> {
        let mut writes = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let wanted = Wanted {
                kind: Kind::Key,
                tenant: None,
                owner: Some(id),
                status: Some("active"),
                search: None,
                after: after.as_deref(),
                limit: PAGE,
                is_ascending: true,
            };
            let records = self.records.records(wanted).await?;
            for record in records.iter().take(PAGE) {
                let mut key = ApiKey::of_record(record)?;
                key.is_revoked = true;
                key.stamp = key.stamp.changed(now);
                writes.push(Write::Put(key.to_record()?));
            }
            if records.len() <= PAGE {
                return Ok(writes);
            }
            after = records.get(PAGE.saturating_sub(1)).map(|record| record.id.clone());
        }
    }

    /// A user of a tenant that the actor runs.
    pub(crate) async fn user(&self, actor: &Actor<'_>, id: &str) -> Result<User, Refusal> {
        let record = self.records.record(Kind::User, id).await?;
        let record = record.filter(|record| actor.runs(&record.tenant));
        Ok(User::of_record(&record.ok_or_else(|| Refusal::missing("user", id))?)?)
    }

    async fn writable_user(
        &self,
        actor: &Actor<'_>,
        id: &str,
        expected: Option<i64>,
    ) -> Result<User, Refusal> {
        let user = self.user(actor, id).await?;
        actor.reaches(user.role)?;
        unbounded(actor)?;
        unchanged(user.stamp.version, expected)?;
        Ok(user)
    }

    /// Refuses to take the last one away who owns a tenant: nobody could get in again.
    async fn expect_another_owner(&self, owner: &User) -> Result<(), Refusal> {
        let mut after: Option<String> = None;
        loop {
            let wanted = Wanted {
                kind: Kind::User,
                tenant: Some(&owner.tenant),
                owner: None,
                status: Some(Status::Active.name()),
                search: None,
                after: after.as_deref(),
                limit: PAGE,
                is_ascending: true,
            };
            let records = self.records.records(wanted).await?;
            for record in &records {
                let user = User::of_record(record)?;
                if owns(&user) && user.stamp.id != owner.stamp.id {
                    return Ok(());
                }
            }
            if records.len() <= PAGE {
                let message = "the last owner of a tenant stays one: make another first";
                return Err(Refusal::new(Reason::Conflict, "last_owner", message));
            }
            after = records.get(PAGE.saturating_sub(1)).map(|record| record.id.clone());
        }
    }
}

/// Refuses a key that is held to something: users are not, so that it could make itself free.
fn unbounded(actor: &Actor<'_>) -> Result<(), Refusal> {
    if actor.principal.bounds == Bounds::default() {
        return Ok(());
    }
    let message = "a key that is held to something makes and changes no users";
    Err(Refusal::new(Reason::Forbidden, "scope_too_wide", message))
}

/// Whether somebody can get into a tenant as its owner.
fn owns(user: &User) -> bool {
    user.role == Role::Owner && user.status == Status::Active
}

pub(crate) fn plan(action: &'static str, before: Option<&User>, after: &User) -> Result<Plan, Refusal> {
    Ok(Plan {
        writes: vec![Write::Put(after.to_record()?)],
        secrets: None,
        action,
        kind: Kind::User,
        id: after.stamp.id.clone(),
        tenant: after.tenant.clone(),
        before: before.map(object).unwrap_or_default(),
        after: object(after),
        answer: None,
        // Nobody knows a new one yet.
        concerns_callers: before.is_some(),
        concerns_settings: false,
    })
}

fn object(user: &User) -> Value {
    json!({
        "id": user.stamp.id,
        "object": "user",
        "kind": user.kind.name(),
        "tenant_id": user.tenant,
        "issuer": Some(&user.issuer).filter(|issuer| !issuer.is_empty()),
        "subject": user.subject,
        "email": user.email,
        "groups": user.groups,
        "name": user.name,
        "role": user.role.name(),
        "status": user.status.name(),
        "origin": "database",
        "created_at": times::shown(user.stamp.created_at),
        "updated_at": times::shown(user.stamp.updated_at),
        "version": user.stamp.version,
    })
}
