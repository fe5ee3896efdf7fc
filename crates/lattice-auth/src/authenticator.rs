//! From credentials to a principal.

use std::collections::HashMap;
use std::sync::Arc;

use crate::credentials::Credentials;
use crate::key::{Key, KeyHash};
use crate::principal::Principal;

/// Why nobody is let in. What was wrong exactly is nobody's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// There are no credentials, and some are needed.
    Missing,
    /// They are not valid.
    Invalid,
}

/// Knows who may come in.
#[derive(Debug, Default)]
pub struct Authenticator {
    /// By their hashes: looking one up costs the same however many there are, and compares no key.
    keys: HashMap<KeyHash, Arc<Principal>>,
    /// Who comes without credentials; nobody, where they are needed.
    anonymous: Option<Arc<Principal>>,
    is_for_this_machine: bool,
}

impl Authenticator {
    /// For these keys; whoever comes without credentials is `anonymous`, or is not let in.
    pub fn new(keys: impl IntoIterator<Item = Key>, anonymous: Option<Principal>) -> Self {
        let keys = keys.into_iter().map(|key| (key.hash, key.principal)).collect();
        Self { keys, anonymous: anonymous.map(Arc::new), is_for_this_machine: false }
    }

    /// Of a gateway that is not to be reached from other machines: whoever is let in without a key is on this one.
    #[must_use]
    pub fn for_this_machine(mut self) -> Self {
        self.is_for_this_machine = true;
        self
    }

    /// Whether such credentials let somebody in because they are on this machine.
    pub fn trusts_the_machine(&self, credentials: &Credentials) -> bool {
        let shows_nothing = matches!(credentials, Credentials::None) || self.keys.is_empty();
        self.is_for_this_machine && self.anonymous.is_some() && shows_nothing
    }

    /// Who it is.
    ///
    /// # Errors
    /// [`Denied`] for whoever is not let in. Wrong credentials are refused also where none are needed.
    pub fn authenticate(&self, credentials: &Credentials) -> Result<Arc<Principal>, Denied> {
        match credentials {
            Credentials::None => self.anonymous.clone().ok_or(Denied::Missing),
            // SDKs cannot be told to send no key, so where there are none any will do.
            _ if self.keys.is_empty() => self.anonymous.clone().ok_or(Denied::Invalid),
            Credentials::Token(token) => self.keys.get(&KeyHash::of(token)).cloned().ok_or(Denied::Invalid),
            Credentials::Unclear => Err(Denied::Invalid),
        }
    }
}

#[cfg(test)]
mod tests {
    use lattice_store::Owner;

    use super::*;
    use crate::role::Role;

    fn key(text: &str) -> Key {
        let owner = Owner { tenant: "acme".into(), issuer: "".into(), subject: text.into() };
        let principal = Principal { owner, role: Role::Member, key: Some(text.into()), models: None };
        Key { hash: KeyHash::of(&text.into()), principal: Arc::new(principal) }
    }

    fn subject(authenticator: &Authenticator, credentials: &Credentials) -> Result<String, Denied> {
        authenticator.authenticate(credentials).map(|principal| principal.owner.subject.to_string())
    }

    #[test]
    fn a9_nobody_comes_in_without_a_key_where_there_are_keys() {
        let closed = Authenticator::new([key("one"), key("two")], None);
        assert_eq!(subject(&closed, &Credentials::Token("two".into())), Ok("two".to_owned()));
        assert_eq!(subject(&closed, &Credentials::Token("three".into())), Err(Denied::Invalid));
        assert_eq!(subject(&closed, &Credentials::None), Err(Denied::Missing));
        assert_eq!(subject(&closed, &Credentials::Unclear), Err(Denied::Invalid));
        let mixed = Authenticator::new([key("one")], Some(Principal::anonymous(Role::Member)));
        assert_eq!(subject(&mixed, &Credentials::None), Ok("anonymous".to_owned()));
        assert_eq!(subject(&mixed, &Credentials::Token("wrong".into())), Err(Denied::Invalid));
        let open = Authenticator::new([], Some(Principal::anonymous(Role::Member)));
        assert_eq!(subject(&open, &Credentials::Token("any".into())), Ok("anonymous".to_owned()));
    }

    #[test]
    fn a10_nothing_shows_a_key() {
        let authenticator = Authenticator::new([key("one")], None);
        assert!(!format!("{:?} {authenticator:?}", Credentials::Token("secret".into())).contains("secret"));
    }
}
