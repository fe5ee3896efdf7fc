//! The log of the administration, as it is read.

use lattice_store::records::{Entry, Looked};
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::page::{Page, list};
use crate::refusal::Refusal;
use crate::{Administration, times};

/// What the log can be searched by.
const FILTERS: &[&str] = &["tenant_id", "actor", "action", "object", "object_id", "from", "to"];

impl Administration {
    /// A page of what was done in the tenants that the actor runs, the latest first.
    ///
    /// # Errors
    /// [`Refusal`] for a query that is wrong, or another tenant.
    pub async fn list_audit(&self, actor: &Actor<'_>, query: &[(String, String)]) -> Result<Value, Refusal> {
        let page = Page::of(query, FILTERS)?;
        let time = |name: &str| match page.filter(name) {
            None => Ok(None),
            Some(text) => times::read(text)
                .map(Some)
                .ok_or_else(|| Refusal::field(name, "must be a time such as `2030-01-31T12:00:00Z`")),
        };
        let after = page.after.as_deref().map(str::parse).transpose();
        let looked = Looked {
            tenant: actor.scope(page.filter("tenant_id"))?,
            actor: page.filter("actor"),
            action: page.filter("action"),
            object: page.filter("object"),
            object_id: page.filter("object_id"),
            from: time("from")?,
            to: time("to")?,
            after: after.map_err(|_| Refusal::field("after", "must be the id of an entry"))?,
            limit: page.limit,
            is_ascending: page.is_ascending,
        };
        let mut entries = self.records.log(looked).await?;
        let has_more = entries.len() > page.limit;
        entries.truncate(page.limit);
        let entries: Vec<Value> = entries.iter().map(object).collect();
        Ok(list(&entries, has_more))
    }
}

fn object(entry: &Entry) -> Value {
    let deed = &entry.deed;
    let detail: Value = serde_json::from_slice(&deed.detail).unwrap_or_default();
    let said = |name: &str| detail.get(name).cloned().unwrap_or_default();
    json!({
        "id": entry.number.to_string(),
        "object": "audit_entry",
        "created_at": times::shown(deed.at),
        "tenant_id": Some(&deed.tenant).filter(|tenant| !tenant.is_empty()),
        "actor": {"id": deed.actor, "role": said("role"), "key_id": said("key_id")},
        "action": deed.action,
        "target": {"object": deed.object, "id": deed.object_id},
        "before": said("before"),
        "after": said("after"),
        "address": said("address"),
        "request_id": said("request_id"),
    })
}
