//! Who may call: from settings to an authenticator.

use std::net::SocketAddr;
use std::sync::Arc;

use lattice_auth::{Authenticator, Key, KeyHash, Principal, Role};
use lattice_config::{ApiKey, Auth};
use lattice_store::Owner;

/// Those who have keys, and, where that is allowed, whoever has none: they are everybody. `address` is where the gateway listens.
pub(crate) fn authenticator(auth: &Auth, address: SocketAddr) -> Authenticator {
    let is_open = !auth.enabled || auth.allow_anonymous;
    let anonymous = is_open.then(|| Principal::anonymous(Role::Member));
    let keys = auth.keys.iter().filter(|_| auth.enabled).map(key);
    let authenticator = Authenticator::new(keys, anonymous);
    if address.ip().is_loopback() { authenticator.for_this_machine() } else { authenticator }
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
    let principal = Principal {
        owner,
        role: key.role,
        key: Some(key.name.as_str().into()),
        models: key.models.as_ref().map(|models| models.as_slice().into()),
    };
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
