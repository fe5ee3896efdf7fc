//! Who may call: from settings to an authenticator.

use std::net::SocketAddr;
use std::sync::Arc;

use lattice_admin::{Administration, Declared, DeclaredKey, DeclaredLimit, DeclaredTenant};
use lattice_auth::kept::Status;
use lattice_auth::{
    Authenticator, Bounds, Fetch, Key, KeyHash, KeyName, Principal, Registry, Role, Sessions, Tokens,
};
use lattice_config::{ApiKey, Auth, Config, LimitEntry};
use lattice_limits::Rule;
use lattice_store::Owner;

/// What knows callers, beside the file.
pub(crate) struct Known<'a> {
    /// Those of the database, where there is one.
    pub(crate) registry: Option<Arc<Registry>>,
    /// Those who signed in with a browser.
    pub(crate) sessions: Option<Arc<Sessions>>,
    /// Makes users of those whom issuers vouch for.
    pub(crate) administration: Option<Arc<Administration>>,
    /// Gets what issuers say of themselves.
    pub(crate) fetch: &'a Arc<dyn Fetch>,
    /// The authenticator in whose place the new one comes.
    pub(crate) before: Option<&'a Authenticator>,
}

/// Those who have keys, in the file or in the database, or tokens, and, where that is allowed, whoever has none: they are everybody. `address`
/// is where the gateway listens.
pub(crate) fn authenticator(settings: &Config, address: SocketAddr, known: Known<'_>) -> Authenticator {
    let Known { registry, sessions, administration, fetch, before } = known;
    let auth = &settings.auth;
    let is_open = !auth.enabled || auth.allow_anonymous;
    let anonymous = is_open.then(|| Principal::anonymous(Role::Member));
    let keys = auth.keys.iter().map(key);
    let tenants = settings.tenants.iter();
    let tenants = tenants.map(|tenant| (tenant.id.clone(), tenant.status == Status::Active)).collect();
    let mut authenticator = Authenticator::new(keys, anonymous)
        .with_tenants(tenants)
        .with_registry(registry)
        .with_sessions(sessions);
    if !auth.enabled {
        authenticator = authenticator.taking_anything();
    }
    if let Some(administration) = administration.filter(|_| !auth.issuers.is_empty()) {
        let before = before.and_then(|before| before.tokens()).map(AsRef::as_ref);
        let tokens = Tokens::new(auth.issuers.clone(), fetch, before);
        authenticator = authenticator.with_tokens(Arc::new(tokens), administration);
    }
    if let Some(before) = before {
        authenticator = authenticator.after(before);
    }
    if address.ip().is_loopback() { authenticator.for_this_machine() } else { authenticator }
}

/// The same sessions, lasting as long as these settings say.
pub(crate) fn sessions(before: &Sessions, settings: &Config) -> Arc<Sessions> {
    Arc::new(before.lasting(settings.auth.session_lifetime, settings.auth.session_idle))
}

/// What the administration shows of the file.
pub(crate) fn declared(settings: &Config) -> Declared {
    let tenants = settings.tenants.iter().map(|tenant| DeclaredTenant {
        id: tenant.id.clone(),
        name: tenant.name.clone(),
        status: tenant.status,
    });
    let keys = settings.auth.keys.iter().map(|key| DeclaredKey {
        name: key.name.clone(),
        tenant: key.tenant.clone(),
        role: key.role,
        models: key.models.clone(),
        limits: key.limits,
    });
    let limits = settings.limits.iter().map(|limit| DeclaredLimit {
        id: limit.id.clone(),
        level: limit.level,
        subject: limit.subject.clone(),
        numbers: limit.numbers,
    });
    Declared { tenants: tenants.collect(), keys: keys.collect(), limits: limits.collect() }
}

/// The limits of the file.
pub(crate) fn rules(settings: &Config) -> Vec<Rule> {
    let rule = |limit: &LimitEntry| Rule {
        id: limit.id.as_str().into(),
        level: limit.level,
        subject: limit.subject.as_deref().map(Arc::from),
        numbers: limit.numbers,
    };
    settings.limits.iter().map(rule).collect()
}

/// Whether these settings would let everybody in at an address that other machines can reach (A9).
pub(crate) fn opens_door(auth: &Auth, address: SocketAddr) -> bool {
    !auth.enabled && !auth.allow_anonymous && !address.ip().is_loopback()
}

fn key(key: &ApiKey) -> Key {
    let owner = Owner {
        tenant: key.tenant.as_str().into(),
        issuer: "".into(),
        // A key without a user owns what it makes, and another of the same name in its place does then.
        subject: format!("key:{}", key.name).into(),
    };
    let name = KeyName { id: DeclaredKey::id_of(&key.name).into(), name: key.name.as_str().into() };
    let bounds = Bounds {
        models: key.models.as_ref().map(|models| models.as_slice().into()),
        limits: key.limits.map(Arc::new),
        ..Bounds::default()
    };
    let principal = Principal { owner, role: key.role, user: None, key: Some(name), bounds };
    Key { hash: KeyHash::of(&key.key), principal: Arc::new(principal) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a9_no_reload_opens_a_door_that_others_can_reach() {
        let (here, everywhere) = (SocketAddr::from(([127, 0, 0, 1], 1)), SocketAddr::from(([0, 0, 0, 0], 1)));
        let none = Auth::default();
        assert!(opens_door(&none, everywhere) && !opens_door(&none, here));
        assert!(!opens_door(&Auth { enabled: true, ..Auth::default() }, everywhere));
        assert!(!opens_door(&Auth { allow_anonymous: true, ..Auth::default() }, everywhere));
    }
}
