//! Limits that are set while the gateway runs.

use lattice_auth::Role;
use lattice_auth::kept::{Kept, Limit, Stamp, level};
use lattice_limits::{Level, Numbers, Rule};
use lattice_store::records::{Kind, Wanted, Write};
use serde_json::{Map, Value, json};

use crate::actor::Actor;
use crate::change::{Plan, unchanged};
use crate::declared::DeclaredLimit;
use crate::fields::Fields;
use crate::page::Page;
use crate::refusal::{Reason, Refusal};
use crate::repeat::Repeat;
use crate::{Administration, Answer, times};

/// Limits that are read at once.
const PAGE: usize = 500;

impl Administration {
    /// A page of limits: an operator's are all, an admin's those within their tenant.
    ///
    /// # Errors
    /// [`Refusal`] for a query that is wrong.
    pub async fn list_limits(&self, actor: &Actor<'_>, query: &[(String, String)]) -> Result<Value, Refusal> {
        let page = Page::of(query, &["level", "subject_id"])?;
        let wanted = Wanted {
            kind: Kind::Limit,
            tenant: if actor.is_operator() { None } else { Some(actor.tenant()) },
            owner: page.filter("subject_id"),
            status: None,
            search: page.filter("level"),
            after: page.after.as_deref(),
            limit: page.limit,
            is_ascending: page.is_ascending,
        };
        let kept = self.records.records(wanted).await?;
        let kept: Result<Vec<Value>, _> =
            kept.iter().map(|record| Limit::of_record(record).map(|limit| object(&limit))).collect();
        let declared = self.declared.load();
        let declared = declared.limits.iter().filter(|one| {
            actor.is_operator()
                && page.filter("level").is_none_or(|level| level == one.level.name())
                && page.filter("subject_id").is_none_or(|id| one.subject.as_deref() == Some(id))
        });
        Ok(page.merged(declared.map(declared_object).collect(), kept?))
    }

    /// A limit.
    ///
    /// # Errors
    /// [`Refusal`] where it is not there, or not for the actor.
    pub async fn get_limit(&self, actor: &Actor<'_>, id: &str) -> Result<Answer, Refusal> {
        let declared = self.declared.load();
        if let Some(declared) = declared.limits.iter().find(|one| one.id == id && actor.is_operator()) {
            return Ok(Answer::of(declared_object(declared)));
        }
        Ok(Answer::of(object(&self.limit(actor, id).await?)))
    }

    /// Sets a limit.
    ///
    /// # Errors
    /// [`Refusal`] for a body that is wrong, or somebody who is not the actor's to limit.
    pub async fn create_limit(&self, actor: &Actor<'_>, body: &[u8]) -> Result<Answer, Refusal> {
        let repeat = Repeat::of(actor, "limit", body)?;
        self.carry_out(actor, repeat.as_ref(), || {
            Box::pin(async move {
                let mut fields = Fields::of(body)?;
                let name = fields.text("level")?.needed("level", None)?;
                let known: Vec<&str> = Level::ALL.iter().map(|level| level.name()).collect();
                let must = format!("must be one of `{}`", known.join("`, `"));
                let level = level(&name).ok_or_else(|| Refusal::field("level", &must))?;
                let subject = fields.text("subject_id")?.or(None);
                let numbers = numbers(&mut fields, Numbers::default())?;
                fields.finish()?;
                if level == Level::Global && subject.is_some() {
                    return Err(Refusal::field("subject_id", "means nothing for all requests; leave it out"));
                }
                let tenant = self.within(actor, level, subject.as_deref()).await?;
                let stamp = Stamp::new(format!("limit_{}", actor.new_id), actor.now);
                let limit = Limit { stamp, level, subject, tenant, numbers, role: actor.role() };
                plan("limit.create", None, &limit)
            })
        })
        .await
    }

    /// Changes how much a limit allows.
    ///
    /// # Errors
    /// [`Refusal`] where it is not there, or was set by somebody above the actor.
    pub async fn update_limit(
        &self,
        actor: &Actor<'_>,
        id: &str,
        body: &[u8],
        expected: Option<i64>,
    ) -> Result<Answer, Refusal> {
        self.carry_out(actor, None, || {
            Box::pin(async move {
                let before = self.writable_limit(actor, id, expected).await?;
                let mut fields = Fields::of(body)?;
                let numbers = numbers(&mut fields, before.numbers)?;
                fields.finish()?;
                let stamp = before.stamp.changed(actor.now);
                plan("limit.update", Some(&before), &Limit { stamp, numbers, ..before.clone() })
            })
        })
        .await
    }

    /// Takes a limit away.
    ///
    /// # Errors
    /// As [`Self::update_limit`].
    pub async fn delete_limit(
        &self,
        actor: &Actor<'_>,
        id: &str,
        expected: Option<i64>,
    ) -> Result<Answer, Refusal> {
        self.carry_out(actor, None, || {
            Box::pin(async move {
                let before = self.writable_limit(actor, id, expected).await?;
                Ok(Plan::removal("limit.delete", Kind::Limit, id, before.tenant(), object(&before), []))
            })
        })
        .await
    }

    /// All limits, of the file and of the database.
    ///
    /// # Errors
    /// [`Refusal`] where the database is away.
    pub async fn rules(&self) -> Result<Vec<Rule>, Refusal> {
        let mut rules = self.declared_rules();
        let mut after: Option<String> = None;
        loop {
            let wanted = Wanted {
                kind: Kind::Limit,
                tenant: None,
                owner: None,
                status: None,
                search: None,
                after: after.as_deref(),
                limit: PAGE,
                is_ascending: true,
            };
            let records = self.records.records(wanted).await?;
            for record in records.iter().take(PAGE) {
                let limit = Limit::of_record(record)?;
                rules.push(Rule {
                    id: limit.stamp.id.as_str().into(),
                    level: limit.level,
                    subject: limit.subject.as_deref().map(Into::into),
                    numbers: limit.numbers,
                });
            }
            if records.len() <= PAGE {
                return Ok(rules);
            }
            after = records.get(PAGE.saturating_sub(1)).map(|record| record.id.clone());
        }
    }

    /// Those of the file.
    pub fn declared_rules(&self) -> Vec<Rule> {
        let declared = self.declared.load();
        let rule = |limit: &DeclaredLimit| Rule {
            id: limit.id.as_str().into(),
            level: limit.level,
            subject: limit.subject.as_deref().map(Into::into),
            numbers: limit.numbers,
        };
        declared.limits.iter().map(rule).collect()
    }

    /// The tenant that a limit is within, if the actor may set it.
    async fn within(
        &self,
        actor: &Actor<'_>,
        level: Level,
        subject: Option<&str>,
    ) -> Result<Option<String>, Refusal> {
        let (kind, what) = match level {
            Level::User => (Kind::User, "user"),
            Level::Key => (Kind::Key, "key"),
            Level::Tenant if subject.is_some() => (Kind::Tenant, "tenant"),
            Level::Global | Level::Tenant | Level::Model | Level::Ip => {
                return if actor.is_operator() { Ok(None) } else { Err(operators(level)) };
            }
        };
        let Some(id) = subject else {
            return if actor.is_operator() { Ok(None) } else { Err(operators(level)) };
        };
        let declared = self.declared.load();
        let of_file = match level {
            Level::Key => declared.key(id).map(|key| key.tenant.clone()),
            Level::Tenant => declared.names_tenant(id).then(|| id.to_owned()),
            _ => None,
        };
        let tenant = match of_file {
            Some(tenant) => Some(tenant),
            None => self.records.record(kind, id).await?.map(|record| record.tenant),
        };
        match tenant.filter(|tenant| actor.runs(tenant)) {
            Some(_) if level == Level::Tenant && !actor.is_operator() => Err(operators(level)),
            Some(tenant) => Ok(Some(tenant)),
            None => Err(Refusal::field("subject_id", &format!("names no {what} here"))),
        }
    }

    async fn limit(&self, actor: &Actor<'_>, id: &str) -> Result<Limit, Refusal> {
        let missing = || Refusal::missing("limit", id);
        let record = self.records.record(Kind::Limit, id).await?.ok_or_else(missing)?;
        let limit = Limit::of_record(&record)?;
        let is_seen = actor.is_operator() || limit.tenant.as_deref().is_some_and(|tenant| actor.runs(tenant));
        if is_seen { Ok(limit) } else { Err(missing()) }
    }

    async fn writable_limit(
        &self,
        actor: &Actor<'_>,
        id: &str,
        expected: Option<i64>,
    ) -> Result<Limit, Refusal> {
        if actor.is_operator() && self.declared.load().limits.iter().any(|one| one.id == id) {
            return Err(Refusal::owned_by_file("limit"));
        }
        let limit = self.limit(actor, id).await?;
        actor.reaches(limit.role)?;
        unchanged(limit.stamp.version, expected)?;
        Ok(limit)
    }
}

/// Reads how much; at least one number has to be left.
pub(crate) fn numbers(fields: &mut Fields, before: Numbers) -> Result<Numbers, Refusal> {
    let numbers = Numbers {
        requests_per_second: fields.number("requests_per_second")?.or(before.requests_per_second),
        requests_per_minute: fields.number("requests_per_minute")?.or(before.requests_per_minute),
        requests_per_day: fields.number("requests_per_day")?.or(before.requests_per_day),
        tokens_per_minute: fields.number("tokens_per_minute")?.or(before.tokens_per_minute),
        tokens_per_day: fields.number("tokens_per_day")?.or(before.tokens_per_day),
        tokens_per_month: fields.number("tokens_per_month")?.or(before.tokens_per_month),
        concurrency: fields.number("concurrency")?.or(before.concurrency),
        burst: fields.number("burst")?.or(before.burst),
    };
    if numbers.is_empty() {
        let message = "a limit needs at least one number, such as `requests_per_minute`";
        return Err(Refusal::new(Reason::Invalid, "missing_required_parameter", message)
            .with_param("requests_per_minute"));
    }
    if numbers.burst == Some(0) {
        return Err(Refusal::field("burst", "must be at least 1"));
    }
    Ok(numbers)
}

/// Numbers as they are shown: all of them, null where nothing is limited.
pub(crate) fn shown(numbers: &Numbers) -> Map<String, Value> {
    match serde_json::to_value(numbers) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

fn operators(level: Level) -> Refusal {
    let message =
        format!("only an operator sets limits of the level `{}` that are not within a tenant", level.name());
    Refusal::new(Reason::Forbidden, "insufficient_role", message).with_param("level")
}

fn plan(action: &'static str, before: Option<&Limit>, after: &Limit) -> Result<Plan, Refusal> {
    debug_assert!(after.role >= Role::Admin, "nobody below sets limits");
    Ok(Plan {
        writes: vec![Write::Put(after.to_record()?)],
        secrets: None,
        action,
        kind: Kind::Limit,
        id: after.stamp.id.clone(),
        tenant: after.tenant().to_owned(),
        before: before.map(object).unwrap_or_default(),
        after: object(after),
        answer: None,
        concerns_callers: false,
        concerns_settings: true,
    })
}

fn object(limit: &Limit) -> Value {
    let mut object = json!({
        "id": limit.stamp.id,
        "object": "limit",
        "level": limit.level.name(),
        "subject_id": limit.subject,
        "tenant_id": limit.tenant,
    });
    let rest = json!({
        "origin": "database",
        "created_at": times::shown(limit.stamp.created_at),
        "updated_at": times::shown(limit.stamp.updated_at),
        "version": limit.stamp.version,
    });
    extend(&mut object, &limit.numbers, rest)
}

fn declared_object(limit: &DeclaredLimit) -> Value {
    let mut object = json!({
        "id": limit.id,
        "object": "limit",
        "level": limit.level.name(),
        "subject_id": limit.subject,
        "tenant_id": null,
    });
    let rest = json!({"origin": "file", "created_at": null, "updated_at": null, "version": null});
    extend(&mut object, &limit.numbers, rest)
}

fn extend(object: &mut Value, numbers: &Numbers, rest: Value) -> Value {
    if let (Some(object), Value::Object(rest)) = (object.as_object_mut(), rest) {
        object.extend(shown(numbers));
        object.extend(rest);
    }
    std::mem::take(object)
}
