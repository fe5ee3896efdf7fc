//! What a key may do: never more than the key of whoever makes, changes or reads it.

use ipnet::IpNet;
use lattice_auth::kept::ApiKey;

use crate::actor::Actor;
use crate::fields::{Fields, Given};
use crate::limits;
use crate::refusal::{Reason, Refusal};

/// Reads what a body says of it.
pub(super) fn read(fields: &mut Fields, key: &mut ApiKey) -> Result<(), Refusal> {
    key.models = fields.texts("models")?.or(key.models.take());
    key.providers = fields.texts("providers")?.or(key.providers.take());
    key.ip_ranges = fields.ranges("ip_ranges")?.or(key.ip_ranges.take());
    key.expires_at = fields.time("expires_at")?.or(key.expires_at);
    key.limits = match fields.object("limits")? {
        Given::Nothing => key.limits,
        Given::Null => None,
        Given::Value(mut fields) => {
            let numbers = limits::numbers(&mut fields, key.limits.unwrap_or_default())?;
            fields.finish()?;
            Some(numbers)
        }
    };
    Ok(())
}

/// Where nothing is said, a new key is held to what the actor's own key is.
pub(super) fn inherit(actor: &Actor<'_>, key: &mut ApiKey) {
    let bounds = &actor.principal.bounds;
    key.models = key.models.take().or_else(|| bounds.models.as_deref().map(<[String]>::to_vec));
    key.providers = key.providers.take().or_else(|| bounds.providers.as_deref().map(<[String]>::to_vec));
    key.ip_ranges = key.ip_ranges.take().or_else(|| bounds.ip_ranges.as_deref().map(<[IpNet]>::to_vec));
    key.expires_at = key.expires_at.or(bounds.expires_at);
}

/// Refuses a key that can do more than the actor: what they hand out, or read, they could use.
pub(super) fn check(actor: &Actor<'_>, key: &ApiKey) -> Result<(), Refusal> {
    actor.reaches(key.role)?;
    let bounds = &actor.principal.bounds;
    let is_within = |own: Option<&[String]>, wanted: Option<&Vec<String>>| {
        own.is_none_or(|own| wanted.is_some_and(|wanted| wanted.iter().all(|one| own.contains(one))))
    };
    let covers = |own: &[IpNet], range: &IpNet| own.iter().any(|own| own.contains(range));
    let fits = [
        ("models", is_within(bounds.models.as_deref(), key.models.as_ref())),
        ("providers", is_within(bounds.providers.as_deref(), key.providers.as_ref())),
        (
            "ip_ranges",
            bounds.ip_ranges.as_deref().is_none_or(|own| {
                key.ip_ranges.as_ref().is_some_and(|wanted| wanted.iter().all(|range| covers(own, range)))
            }),
        ),
        ("expires_at", bounds.expires_at.is_none_or(|own| key.expires_at.is_some_and(|at| at <= own))),
    ];
    match fits.iter().find(|(_, fits)| !fits) {
        None => Ok(()),
        Some((param, _)) => {
            let message = format!("`{param}` would go beyond what the key of whoever asks may do");
            Err(Refusal::new(Reason::Forbidden, "scope_too_wide", message).with_param(param))
        }
    }
}
