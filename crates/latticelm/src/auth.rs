//! Who may call: from settings to an authenticator.

use std::sync::Arc;

use lattice_auth::{Authenticator, Key, KeyHash, Principal, Role};
use lattice_config::{ApiKey, Auth};
use lattice_store::Owner;

/// Whoever comes without a key, where that is allowed, is everybody.
pub(crate) fn authenticator(auth: &Auth) -> Authenticator {
    if !auth.enabled && !auth.allow_anonymous {
        return Authenticator::for_this_machine(Principal::anonymous(Role::Member));
    }
    let is_open = !auth.enabled || auth.allow_anonymous;
    let anonymous = is_open.then(|| Principal::anonymous(Role::Member));
    let keys = auth.keys.iter().filter(|_| auth.enabled).map(key);
    Authenticator::new(keys, anonymous)
}

fn key(key: &ApiKey) -> Key {
    let owner = Owner {
        tenant: key.tenant.as_str().into(),
        issuer: "".into(),
        // A key without a user owns what it makes, and another of the same name in its place does then.
        subject: format!("key:{}", key.name).into(),
    };
    let principal = Principal {
        owner,
        role: key.role,
        key: Some(key.name.as_str().into()),
        models: key.models.as_ref().map(|models| models.as_slice().into()),
    };
    Key { hash: KeyHash::of(&key.key), principal: Arc::new(principal) }
}
