//! Tenants.

use lattice_auth::kept::{Kept, Stamp, Status, Tenant};
use lattice_model::Word;
use lattice_store::records::{Kind, Wanted, Write};
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::change::{Plan, tombstone, unchanged};
use crate::declared::DeclaredTenant;
use crate::fields::{Fields, is_slug};
use crate::page::Page;
use crate::refusal::{Reason, Refusal};
use crate::repeat::Repeat;
use crate::{Administration, Answer, times};

/// The tenant of whoever belongs to no other.
const DEFAULT: &str = "default";

impl Administration {
    /// A page of the tenants that the actor runs.
    ///
    /// # Errors
    /// [`Refusal`] for a query that is wrong.
    pub async fn list_tenants(
        &self,
        actor: &Actor<'_>,
        query: &[(String, String)],
    ) -> Result<Value, Refusal> {
        let page = Page::of(query, &["q", "status"])?;
        let tenant = if actor.is_operator() { None } else { Some(actor.tenant()) };
        let wanted = Wanted {
            kind: Kind::Tenant,
            tenant,
            owner: None,
            status: page.filter("status"),
            search: page.filter("q"),
            after: page.after.as_deref(),
            limit: page.limit,
            is_ascending: page.is_ascending,
        };
        let kept = self.records.records(wanted).await?;
        let kept: Result<Vec<Value>, _> =
            kept.iter().map(|record| Tenant::of_record(record).map(|tenant| object(&tenant))).collect();
        let search = page.filter("q").unwrap_or_default().to_lowercase();
        let declared = self.declared.load();
        let declared = declared.tenants.iter().filter(|one| {
            tenant.is_none_or(|tenant| tenant == one.id)
                && page.filter("status").is_none_or(|status| status == one.status.name())
                && one.name.to_lowercase().contains(&search)
        });
        Ok(page.merged(declared.map(declared_object).collect(), kept?))
    }

    /// A tenant.
    ///
    /// # Errors
    /// [`Refusal`] where it is not there, or is another's.
    pub async fn get_tenant(&self, actor: &Actor<'_>, id: &str) -> Result<Answer, Refusal> {
        if !actor.runs(id) {
            return Err(Refusal::missing("tenant", id));
        }
        if let Some(declared) = self.declared.load().tenant(id) {
            return Ok(Answer::of(declared_object(declared)));
        }
        Ok(Answer::of(object(&self.kept_tenant(id).await?)))
    }

    /// Makes a tenant.
    ///
    /// # Errors
    /// [`Refusal`] for a body that is wrong, or an id that is taken.
    pub async fn create_tenant(&self, actor: &Actor<'_>, body: &[u8]) -> Result<Answer, Refusal> {
        let repeat = Repeat::of(actor, "tenant", body)?;
        self.carry_out(actor, repeat.as_ref(), || {
            Box::pin(async move {
                let mut fields = Fields::of(body)?;
                let id = fields.text("id")?.needed("id", None)?;
                if !is_slug(&id) {
                    let must = "must be 1 to 64 letters, digits, `_`, `-` and `.`, and not dots alone";
                    return Err(Refusal::field("id", must));
                }
                let name = fields.text("name")?.needed("name", Some(id.clone()))?;
                let status = fields.word("status")?.needed("status", Some(Status::Active))?;
                fields.finish()?;
                if self.declared.load().tenant(&id).is_some() {
                    return Err(Refusal::owned_by_file("tenant"));
                }
                // What its people have stored may be there still.
                if self.records.record(Kind::Removed, &removed(&id)).await?.is_some() {
                    let message = "there was a tenant of this id before; take another";
                    return Err(Refusal::new(Reason::Conflict, "already_exists", message).with_param("id"));
                }
                let tenant = Tenant { stamp: Stamp::new(id, actor.now), name, status };
                plan("tenant.create", None, &tenant)
            })
        })
        .await
    }

    /// Changes a tenant.
    ///
    /// # Errors
    /// [`Refusal`] where it is not there or the file's, or was changed since `expected`.
    pub async fn update_tenant(
        &self,
        actor: &Actor<'_>,
        id: &str,
        body: &[u8],
        expected: Option<i64>,
    ) -> Result<Answer, Refusal> {
        self.carry_out(actor, None, || {
            Box::pin(async move {
                let before = self.writable_tenant(id, expected).await?;
                let mut fields = Fields::of(body)?;
                let name = fields.text("name")?.needed("name", Some(before.name.clone()))?;
                let status = fields.word("status")?.needed("status", Some(before.status))?;
                fields.finish()?;
                let after = Tenant { stamp: before.stamp.changed(actor.now), name, status };
                plan("tenant.update", Some(&before), &after)
            })
        })
        .await
    }

    /// Removes a tenant to which nobody belongs any more.
    ///
    /// # Errors
    /// [`Refusal`] where it is not there or the file's, was changed since `expected`, or has users or keys.
    pub async fn delete_tenant(
        &self,
        actor: &Actor<'_>,
        id: &str,
        expected: Option<i64>,
    ) -> Result<Answer, Refusal> {
        self.carry_out(actor, None, || {
            Box::pin(async move {
                let before = self.writable_tenant(id, expected).await?;
                if id == DEFAULT {
                    let message = "the tenant `default` stays: it is for whoever belongs to no other";
                    return Err(Refusal::new(Reason::Conflict, "tenant_in_use", message));
                }
                if self.declared.load().names_tenant(id) {
                    let message = "a key of the configuration file belongs to the tenant still";
                    return Err(Refusal::new(Reason::Conflict, "tenant_in_use", message));
                }
                for (kind, what) in [(Kind::User, None), (Kind::Key, Some("active"))] {
                    let wanted = Wanted {
                        kind,
                        tenant: Some(id),
                        owner: None,
                        status: what,
                        search: None,
                        after: None,
                        limit: 1,
                        is_ascending: true,
                    };
                    if !self.records.records(wanted).await?.is_empty() {
                        let message = format!(
                            "the tenant has a {} still; remove those first, or suspend it",
                            kind.name()
                        );
                        return Err(Refusal::new(Reason::Conflict, "tenant_in_use", message));
                    }
                }
                let stays = Write::Put(tombstone(removed(id), id, None, actor.now));
                Ok(Plan::removal("tenant.delete", Kind::Tenant, id, id, object(&before), [stays]))
            })
        })
        .await
    }

    /// Refuses a tenant that is not there.
    pub(crate) async fn expect_tenant(&self, id: &str) -> Result<(), Refusal> {
        if self.declared.load().names_tenant(id)
            || id == DEFAULT
            || self.records.record(Kind::Tenant, id).await?.is_some()
        {
            return Ok(());
        }
        let shown: String = id.chars().take(80).collect();
        let message = format!("there is no tenant `{shown}`; make it first");
        Err(Refusal::new(Reason::Invalid, "tenant_not_found", message).with_param("tenant_id"))
    }

    async fn kept_tenant(&self, id: &str) -> Result<Tenant, Refusal> {
        let record = self.records.record(Kind::Tenant, id).await?;
        let record = record.ok_or_else(|| Refusal::missing("tenant", id))?;
        Ok(Tenant::of_record(&record)?)
    }

    async fn writable_tenant(&self, id: &str, expected: Option<i64>) -> Result<Tenant, Refusal> {
        if self.declared.load().tenant(id).is_some() {
            return Err(Refusal::owned_by_file("tenant"));
        }
        let tenant = self.kept_tenant(id).await?;
        unchanged(tenant.stamp.version, expected)?;
        Ok(tenant)
    }
}

/// The name of a tenant that was removed.
fn removed(id: &str) -> String {
    format!("tenant/{id}")
}

fn plan(action: &'static str, before: Option<&Tenant>, after: &Tenant) -> Result<Plan, Refusal> {
    Ok(Plan {
        writes: vec![Write::Put(after.to_record()?)],
        secrets: None,
        action,
        kind: Kind::Tenant,
        id: after.stamp.id.clone(),
        tenant: after.stamp.id.clone(),
        before: before.map(object).unwrap_or_default(),
        after: object(after),
        answer: None,
        concerns_callers: true,
        concerns_settings: false,
    })
}

fn object(tenant: &Tenant) -> Value {
    json!({
        "id": tenant.stamp.id,
        "object": "tenant",
        "name": tenant.name,
        "status": tenant.status.name(),
        "origin": "database",
        "created_at": times::shown(tenant.stamp.created_at),
        "updated_at": times::shown(tenant.stamp.updated_at),
        "version": tenant.stamp.version,
    })
}

fn declared_object(tenant: &DeclaredTenant) -> Value {
    json!({
        "id": tenant.id,
        "object": "tenant",
        "name": tenant.name,
        "status": tenant.status.name(),
        "origin": "file",
        "created_at": null,
        "updated_at": null,
        "version": null,
    })
}
