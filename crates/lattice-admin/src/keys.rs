//! API keys.

mod object;
mod scope;

use lattice_auth::kept::{ApiKey, Kept, Stamp, User};
use lattice_auth::{DEPTH, KeyHash, OF_FILE, Role, mint};
use lattice_store::records::{Kind, Secret, Wanted, Write};
use secrecy::SecretString;
use serde_json::Value;

use crate::actor::Actor;
use crate::change::{Plan, unchanged};
use crate::fields::Fields;
use crate::page::Page;
use crate::refusal::{Reason, Refusal};
use crate::repeat::Repeat;
use crate::{Administration, Answer};

/// The longest that an old text may go on after a rotation, in seconds: 30 days.
const LONGEST_OVERLAP: i64 = 30 * 86_400;

/// What keys can be searched by.
const FILTERS: &[&str] = &["q", "status", "tenant_id", "user_id"];

impl Administration {
    /// A page of keys: those of the tenants that the actor runs, or their own.
    ///
    /// # Errors
    /// [`Refusal`] for a query that is wrong, or another tenant.
    pub async fn list_keys(&self, actor: &Actor<'_>, query: &[(String, String)]) -> Result<Value, Refusal> {
        let page = Page::of(query, FILTERS)?;
        if let Some(status) = page.filter("status").filter(|status| !["active", "revoked"].contains(status)) {
            let message = format!("must be `active`, expired ones included, or `revoked`, not `{status}`");
            return Err(Refusal::field("status", &message));
        }
        let tenant = actor.scope(page.filter("tenant_id"))?;
        let owner = match page.filter("user_id") {
            None if actor.is_admin() => None,
            None => Some(own(actor)),
            Some(user) if actor.is_admin() || user == own(actor) => Some(user),
            Some(_) => return Ok(page.merged(Vec::new(), Vec::new())),
        };
        let wanted = Wanted {
            kind: Kind::Key,
            tenant,
            owner,
            status: page.filter("status"),
            search: page.filter("q"),
            after: page.after.as_deref(),
            limit: page.limit,
            is_ascending: page.is_ascending,
        };
        let kept = self.records.records(wanted).await?;
        let kept: Vec<ApiKey> = kept.iter().map(ApiKey::of_record).collect::<Result<_, _>>()?;
        let ids: Vec<&str> = kept.iter().map(|key| key.stamp.id.as_str()).collect();
        let uses = self.records.uses(&ids).await?;
        let latest = |key: &ApiKey| uses.iter().find(|(id, _)| *id == key.stamp.id).map(|(_, at)| *at);
        let kept = kept.iter().map(|key| object::kept(key, latest(key), actor.now)).collect();
        let declared = self.declared.load();
        let search = page.filter("q").unwrap_or_default().to_lowercase();
        let declared = declared.keys.iter().filter(|one| {
            owner.is_none()
                && tenant.is_none_or(|tenant| tenant == one.tenant)
                && page.filter("status").is_none_or(|status| status == "active")
                && one.name.to_lowercase().contains(&search)
        });
        Ok(page.merged(declared.map(object::declared).collect(), kept))
    }

    /// A key, without its text.
    ///
    /// # Errors
    /// [`Refusal`] where it is not there, or not for the actor.
    pub async fn get_key(&self, actor: &Actor<'_>, id: &str) -> Result<Answer, Refusal> {
        if let Some(declared) = self.declared.load().key(id) {
            let is_own = actor.principal.key.as_ref().is_some_and(|key| &*key.id == id);
            return if is_own || actor.runs(&declared.tenant) {
                Ok(Answer::of(object::declared(declared)))
            } else {
                Err(Refusal::missing("key", id))
            };
        }
        let key = self.key(actor, id).await?;
        let used = self.records.uses(&[id]).await?;
        Ok(Answer::of(object::kept(&key, used.first().map(|(_, at)| *at), actor.now)))
    }

    /// Makes a key: the answer holds its text, and nothing else ever does.
    ///
    /// # Errors
    /// [`Refusal`] for a body that is wrong, or a key that could do more than the actor.
    pub async fn create_key(&self, actor: &Actor<'_>, body: &[u8]) -> Result<Answer, Refusal> {
        let repeat = Repeat::of(actor, "key", body)?;
        self.carry_out(actor, repeat.as_ref(), || {
            Box::pin(async move {
                let mut fields = Fields::of(body)?;
                let tenant = actor.target_tenant(fields.text("tenant_id")?.or(None))?;
                let user = fields.text("user_id")?.or(None);
                let user = if actor.is_admin() { user } else { own_user(actor, user)? };
                let parent =
                    if actor.is_admin() || user.is_some() { None } else { self.parent(actor).await? };
                let (text, prefix) = minted()?;
                let mut key = ApiKey {
                    stamp: Stamp::new(format!("key_{}", actor.new_id), actor.now),
                    name: fields.text("name")?.needed("name", None)?,
                    tenant,
                    user,
                    role: fields.word("role")?.needed("role", Some(Role::Member.min(actor.role())))?,
                    models: None,
                    providers: None,
                    ip_ranges: None,
                    expires_at: None,
                    limits: None,
                    prefix,
                    is_revoked: false,
                    made_by: actor.principal.name().to_owned(),
                    parent,
                };
                scope::read(&mut fields, &mut key)?;
                fields.finish()?;
                if key.expires_at.is_some_and(|at| at <= actor.now) {
                    return Err(Refusal::field("expires_at", "must be in the future"));
                }
                scope::inherit(actor, &mut key);
                scope::check(actor, &key)?;
                self.expect_tenant(&key.tenant).await?;
                if let Some(user) = &key.user {
                    self.expect_user(actor, user, &key.tenant).await?;
                }
                let mut plan = plan("key.create", None, &key, actor.now)?;
                plan.secrets = Some(vec![Secret { hash: *KeyHash::of(&text).bytes(), expires_at: None }]);
                plan.answer = Some(object::with_text(plan.after.clone(), &text));
                Ok(plan)
            })
        })
        .await
    }

    /// Changes what a key may do.
    ///
    /// # Errors
    /// As [`Self::create_key`], and where it is not there, or was changed since `expected`.
    pub async fn update_key(
        &self,
        actor: &Actor<'_>,
        id: &str,
        body: &[u8],
        expected: Option<i64>,
    ) -> Result<Answer, Refusal> {
        self.carry_out(actor, None, || {
            Box::pin(async move {
                let before = self.writable_key(actor, id, expected).await?;
                let mut fields = Fields::of(body)?;
                let mut after = before.clone();
                after.name = fields.text("name")?.needed("name", Some(before.name.clone()))?;
                after.role = fields.word("role")?.needed("role", Some(before.role))?;
                scope::read(&mut fields, &mut after)?;
                fields.finish()?;
                scope::check(actor, &after)?;
                after.stamp = before.stamp.changed(actor.now);
                plan("key.update", Some(&before), &after, actor.now)
            })
        })
        .await
    }

    /// Gives a key another text: the answer holds it. The old one goes on for as long as `overlap` says.
    ///
    /// # Errors
    /// As [`Self::update_key`].
    pub async fn rotate_key(
        &self,
        actor: &Actor<'_>,
        id: &str,
        body: &[u8],
        expected: Option<i64>,
    ) -> Result<Answer, Refusal> {
        let repeat = Repeat::of(actor, &format!("rotate {id}"), body)?;
        self.carry_out(actor, repeat.as_ref(), || {
            Box::pin(async move {
                let before = self.writable_key(actor, id, expected).await?;
                let mut fields = Fields::of(body)?;
                let overlap = fields.period("overlap")?.or(Some(0)).unwrap_or_default();
                fields.finish()?;
                if overlap > LONGEST_OVERLAP {
                    return Err(Refusal::field("overlap", "must be at most `30d`"));
                }
                // Whoever learns a key's text can do all that it can.
                scope::check(actor, &before)?;
                let (text, prefix) = minted()?;
                let mut after = before.clone();
                after.prefix = prefix;
                after.stamp = before.stamp.changed(actor.now);
                let mut plan = plan("key.rotate", Some(&before), &after, actor.now)?;
                let end = actor.now.saturating_add(overlap);
                let old = self.records.secrets(id).await?;
                let old = old.into_iter().map(|secret| Secret {
                    expires_at: Some(secret.expires_at.map_or(end, |at| at.min(end))),
                    ..secret
                });
                let mut secrets: Vec<Secret> =
                    old.filter(|secret| secret.expires_at.is_some_and(|at| at > actor.now)).collect();
                secrets.push(Secret { hash: *KeyHash::of(&text).bytes(), expires_at: None });
                plan.secrets = Some(secrets);
                plan.answer = Some(object::with_text(plan.after.clone(), &text));
                Ok(plan)
            })
        })
        .await
    }

    /// Revokes a key: it lets nobody in any more.
    ///
    /// # Errors
    /// As [`Self::update_key`].
    pub async fn revoke_key(
        &self,
        actor: &Actor<'_>,
        id: &str,
        expected: Option<i64>,
    ) -> Result<Answer, Refusal> {
        self.carry_out(actor, None, || {
            Box::pin(async move {
                let before = self.writable_key(actor, id, expected).await?;
                let mut after = before.clone();
                after.is_revoked = true;
                after.stamp = before.stamp.changed(actor.now);
                let mut plan = plan("key.revoke", Some(&before), &after, actor.now)?;
                plan.secrets = Some(Vec::new());
                Ok(plan)
            })
        })
        .await
    }

    /// Makes the first operator's key, if there is no other: its text.
    ///
    /// # Errors
    /// [`Refusal`] where the database is away.
    pub async fn first_key(&self, actor: &Actor<'_>) -> Result<Option<SecretString>, Refusal> {
        let none = || Refusal::new(Reason::Conflict, "already_exists", "there is an operator's key");
        let made = self
            .carry_out(actor, None, || {
                Box::pin(async move {
                    if self.has_operator(actor.now).await? {
                        return Err(none());
                    }
                    let (text, prefix) = minted()?;
                    let key = ApiKey {
                        stamp: Stamp::new(format!("key_{}", actor.new_id), actor.now),
                        name: "first".to_owned(),
                        tenant: actor.tenant().to_owned(),
                        user: None,
                        role: Role::Operator,
                        models: None,
                        providers: None,
                        ip_ranges: None,
                        expires_at: None,
                        limits: None,
                        prefix,
                        is_revoked: false,
                        made_by: actor.principal.name().to_owned(),
                        parent: None,
                    };
                    let mut plan = plan("key.create", None, &key, actor.now)?;
                    plan.secrets = Some(vec![Secret { hash: *KeyHash::of(&text).bytes(), expires_at: None }]);
                    plan.answer = Some(object::with_text(plan.after.clone(), &text));
                    Ok(plan)
                })
            })
            .await;
        match made {
            Ok(answer) => Ok(answer.body.get("key").and_then(Value::as_str).map(SecretString::from)),
            Err(refusal) if refusal == none() => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// Whether somebody is there who runs the installation.
    async fn has_operator(&self, now: i64) -> Result<bool, Refusal> {
        if self.declared.load().keys.iter().any(|key| key.role == Role::Operator) {
            return Ok(true);
        }
        for kind in [Kind::Key, Kind::User] {
            let mut after: Option<String> = None;
            loop {
                let wanted = Wanted {
                    kind,
                    tenant: None,
                    owner: None,
                    status: Some("active"),
                    search: None,
                    after: after.as_deref(),
                    limit: 500,
                    is_ascending: true,
                };
                let records = self.records.records(wanted).await?;
                for record in &records {
                    let role = if kind == Kind::User {
                        User::of_record(record)?.role
                    } else {
                        let key = ApiKey::of_record(record)?;
                        let is_over = key.expires_at.is_some_and(|at| at <= now);
                        if is_over { Role::Viewer } else { key.role }
                    };
                    if role == Role::Operator {
                        return Ok(true);
                    }
                }
                if records.len() <= 500 {
                    break;
                }
                after = records.get(499).map(|record| record.id.clone());
            }
        }
        Ok(false)
    }

    /// A key that the actor may see.
    async fn key(&self, actor: &Actor<'_>, id: &str) -> Result<ApiKey, Refusal> {
        let missing = || Refusal::missing("key", id);
        let record = self.records.record(Kind::Key, id).await?.ok_or_else(missing)?;
        let is_own = record.tenant == actor.tenant()
            && (record.owner == own(actor)
                || actor.principal.key.as_ref().is_some_and(|key| *key.id == record.id));
        if !is_own && !actor.runs(&record.tenant) {
            return Err(missing());
        }
        Ok(ApiKey::of_record(&record)?)
    }

    /// The key that one made with the actor's ends with.
    async fn parent(&self, actor: &Actor<'_>) -> Result<Option<String>, Refusal> {
        let parent = actor.principal.key.as_ref().map(|key| key.id.to_string());
        let mut next = parent.clone();
        for _ in 1..DEPTH {
            let Some(id) = next.filter(|id| !id.starts_with(OF_FILE)) else { return Ok(parent) };
            next = match self.records.record(Kind::Key, &id).await? {
                Some(record) => ApiKey::of_record(&record)?.parent,
                None => None,
            };
        }
        if next.is_none() {
            return Ok(parent);
        }
        let message = format!("a key that was made with another, {DEPTH} times in a row, makes no more");
        Err(Refusal::new(Reason::Forbidden, "scope_too_wide", message))
    }

    async fn writable_key(
        &self,
        actor: &Actor<'_>,
        id: &str,
        expected: Option<i64>,
    ) -> Result<ApiKey, Refusal> {
        if self.declared.load().key(id).is_some_and(|declared| actor.runs(&declared.tenant)) {
            return Err(Refusal::owned_by_file("key"));
        }
        let key = self.key(actor, id).await?;
        actor.reaches(key.role)?;
        unchanged(key.stamp.version, expected)?;
        if key.is_revoked {
            let message = "this key is revoked, and stays so; make another";
            return Err(Refusal::new(Reason::Conflict, "key_revoked", message));
        }
        Ok(key)
    }

    async fn expect_user(&self, actor: &Actor<'_>, id: &str, tenant: &str) -> Result<(), Refusal> {
        let user = self.records.record(Kind::User, id).await?;
        if let Some(user) = user.filter(|user| user.tenant == tenant) {
            // Whatever is done with the key is done in their name.
            return actor.reaches(User::of_record(&user)?.role);
        }
        let shown: String = id.chars().take(80).collect();
        let message = format!("there is no user `{shown}` in the tenant of the key");
        Err(Refusal::new(Reason::Invalid, "user_not_found", message).with_param("user_id"))
    }
}

/// What their own keys are found by.
fn own<'a>(actor: &'a Actor<'_>) -> &'a str {
    let principal = actor.principal;
    let key = principal.key.as_ref().map(|key| &*key.id);
    principal.user.as_deref().or(key).unwrap_or_default()
}

/// Whoever runs no tenant makes keys for themselves alone: for another's they would outlive them.
fn own_user(actor: &Actor<'_>, asked: Option<String>) -> Result<Option<String>, Refusal> {
    let own = actor.principal.user.as_deref();
    match asked {
        Some(asked) if Some(asked.as_str()) != own => {
            let message = "whoever is no admin makes keys for themselves alone";
            Err(Refusal::new(Reason::Forbidden, "foreign_user", message).with_param("user_id"))
        }
        _ => Ok(own.map(str::to_owned)),
    }
}

fn minted() -> Result<(SecretString, String), Refusal> {
    mint().map_err(|_| {
        Refusal::new(Reason::Unavailable, "no_randomness", "the machine has no randomness to give; try again")
    })
}

fn plan(action: &'static str, before: Option<&ApiKey>, after: &ApiKey, now: i64) -> Result<Plan, Refusal> {
    Ok(Plan {
        writes: vec![Write::Put(after.to_record()?)],
        secrets: None,
        action,
        kind: Kind::Key,
        id: after.stamp.id.clone(),
        tenant: after.tenant.clone(),
        before: before.map(|key| object::kept(key, None, now)).unwrap_or_default(),
        after: object::kept(after, None, now),
        answer: None,
        // A new key is known to nobody yet.
        concerns_callers: before.is_some(),
        concerns_settings: false,
    })
}
