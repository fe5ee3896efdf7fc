//! From credentials to a principal.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lattice_store::{StoreError, Whose};
use secrecy::SecretString;

use crate::attempts::Attempts;
use crate::credentials::Credentials;
use crate::key::{self, Key, KeyHash};
use crate::principal::Principal;
use crate::registry::{Known, Registry};
use crate::role::Role;
use crate::sessions::Sessions;
use crate::tokens::{Claims, Issuer, TokenFault, Tokens};

/// Why nobody is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// There are no credentials, and some are needed.
    Missing,
    /// They are not valid; what was wrong exactly is nobody's business.
    Invalid,
    /// They were valid, and are not any more.
    Expired,
    /// They are valid, but not from there.
    Elsewhere,
    /// They are valid, and the user, or the tenant, is not let in.
    Suspended,
    /// Something is wrong with a token.
    Token(TokenFault),
    /// A token is of a tenant that nobody here knows.
    UnknownTenant,
    /// A token is of another tenant than the user.
    OtherTenant,
    /// Others from there were wrong too often: wait so long.
    TooMany(Duration),
    /// Whether they are valid cannot be told at present.
    Unknown(StoreError),
}

/// Somebody whom an issuer vouches for and whom nobody here knows yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// Who vouches for them.
    pub issuer: String,
    /// What the issuer says of them.
    pub claims: Claims,
}

/// Makes users of newcomers.
#[async_trait]
pub trait Welcome: Debug + Send + Sync {
    /// Makes a user of somebody; done when the database knows them.
    ///
    /// # Errors
    /// Why they are not let in.
    async fn welcome(&self, newcomer: Newcomer, arriving: Arriving) -> Result<(), Denied>;
}

/// From where, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arriving {
    /// The address that the request comes from.
    pub address: Option<IpAddr>,
    /// Seconds since 1970, UTC.
    pub now: i64,
}

/// Knows who may come in.
#[derive(Debug, Default)]
pub struct Authenticator {
    /// By their hashes: looking one up costs the same however many there are, and compares no key.
    keys: HashMap<KeyHash, Arc<Principal>>,
    /// Who comes without credentials; nobody, where they are needed.
    anonymous: Option<Arc<Principal>>,
    /// Whether somebody who shows something that is not known is refused.
    is_strict: bool,
    is_for_this_machine: bool,
    /// The keys' ids.
    ids: HashSet<Arc<str>>,
    /// Tenants that the configuration owns, and whether those of them are let in.
    tenants: HashMap<String, bool>,
    registry: Option<Arc<Registry>>,
    tokens: Option<(Arc<Tokens>, Arc<dyn Welcome>)>,
    sessions: Option<Arc<Sessions>>,
    attempts: Arc<Attempts>,
}

impl Authenticator {
    /// For these keys; whoever comes without credentials is `anonymous`, or is not let in.
    pub fn new(keys: impl IntoIterator<Item = Key>, anonymous: Option<Principal>) -> Self {
        let keys: HashMap<_, Arc<Principal>> =
            keys.into_iter().map(|key| (key.hash, key.principal)).collect();
        let ids = keys.values().filter_map(|principal| principal.key.as_ref());
        let ids = ids.map(|key| Arc::clone(&key.id)).collect();
        Self { keys, ids, anonymous: anonymous.map(Arc::new), is_strict: true, ..Self::default() }
    }

    /// Where nobody has to show anything, whatever somebody shows will do: SDKs cannot be told to send no key.
    #[must_use]
    pub fn taking_anything(mut self) -> Self {
        self.is_strict = false;
        self
    }

    /// Of a gateway that is not to be reached from other machines: whoever is let in without a key is on this one.
    #[must_use]
    pub fn for_this_machine(mut self) -> Self {
        self.is_for_this_machine = true;
        self
    }

    /// With these tenants of the configuration, and whether those of them are let in; the database has no say in it (D8).
    #[must_use]
    pub fn with_tenants(mut self, tenants: HashMap<String, bool>) -> Self {
        self.tenants = tenants;
        self
    }

    /// With those whom the database knows.
    #[must_use]
    pub fn with_registry(mut self, registry: Option<Arc<Registry>>) -> Self {
        self.registry = registry;
        self
    }

    /// With those whom these issuers vouch for; `welcome` makes users of those who come for the first time.
    #[must_use]
    pub fn with_tokens(mut self, tokens: Arc<Tokens>, welcome: Arc<dyn Welcome>) -> Self {
        self.tokens = Some((tokens, welcome));
        self
    }

    /// With those who signed in with a browser.
    #[must_use]
    pub fn with_sessions(mut self, sessions: Option<Arc<Sessions>>) -> Self {
        self.sessions = sessions;
        self
    }

    /// The sessions of browsers, where there is a database for them.
    pub fn sessions(&self) -> Option<&Arc<Sessions>> {
        self.sessions.as_ref()
    }

    /// Refuses somebody from whose address there was too much that was wrong.
    ///
    /// # Errors
    /// [`Denied::TooMany`].
    pub fn expect_patience(&self, arriving: Arriving) -> Result<(), Denied> {
        match self.attempts.wait(arriving.address, arriving.now) {
            Some(wait) => Err(Denied::TooMany(wait)),
            None => Ok(()),
        }
    }

    /// Notes that somebody was wrong.
    pub fn note_wrong(&self, arriving: Arriving) {
        self.attempts.note(arriving.address, arriving.now);
    }

    /// Whoever an issuer vouches for, who becomes a user if they come for the first time.
    ///
    /// # Errors
    /// Why they are not let in.
    pub async fn vouched_for(
        &self,
        issuer: &Issuer,
        claims: &Claims,
        arriving: Arriving,
    ) -> Result<Arc<Principal>, Denied> {
        let (Some((_, welcome)), Some(registry)) = (&self.tokens, &self.registry) else {
            return Err(Denied::Invalid);
        };
        let principal = user_of(issuer, claims, welcome, registry, arriving).await?;
        self.admit(principal, arriving)
    }

    /// The issuers whose tokens are taken.
    pub fn tokens(&self) -> Option<&Arc<Tokens>> {
        self.tokens.as_ref().map(|(tokens, _)| tokens)
    }

    /// What the database knows of callers, where there is one.
    pub fn registry(&self) -> Option<&Arc<Registry>> {
        self.registry.as_ref()
    }

    /// In the place of another: who was wrong lately has been so still (D7).
    #[must_use]
    pub fn after(mut self, before: &Self) -> Self {
        self.attempts = Arc::clone(&before.attempts);
        self
    }

    /// Whether such credentials let somebody in because they are on this machine.
    pub fn trusts_the_machine(&self, credentials: &Credentials) -> bool {
        // Any page can make a browser show a cookie.
        let shows_nothing =
            matches!(credentials, Credentials::None | Credentials::Session(_)) || !self.is_strict;
        self.is_for_this_machine && self.anonymous.is_some() && shows_nothing
    }

    /// Who it is.
    ///
    /// # Errors
    /// [`Denied`] for whoever is not let in. Wrong credentials are refused also where none are needed, unless anything will do.
    pub async fn authenticate(
        &self,
        credentials: &Credentials,
        arriving: Arriving,
    ) -> Result<Arc<Principal>, Denied> {
        let known = match credentials {
            Credentials::None => return self.anonymous.clone().ok_or(Denied::Missing),
            Credentials::Token(token) => self.known(token, arriving).await?,
            Credentials::Session(text) => match self.of_session(text, arriving).await? {
                Some(principal) => Some(principal),
                // One that is over is like none: the page that shows it has to sign in again.
                None => return self.anonymous.clone().ok_or(Denied::Missing),
            },
            Credentials::Unclear => None,
        };
        match (known, &self.anonymous) {
            (Some(principal), _) => self.admit(principal, arriving),
            (None, Some(anonymous)) if !self.is_strict => Ok(Arc::clone(anonymous)),
            (None, _) => {
                self.attempts.note(arriving.address, arriving.now);
                Err(Denied::Invalid)
            }
        }
    }

    /// Who shows this, whether they are let in or not.
    async fn known(
        &self,
        token: &SecretString,
        arriving: Arriving,
    ) -> Result<Option<Arc<Principal>>, Denied> {
        let hash = KeyHash::of(token);
        if let Some(principal) = self.keys.get(&hash) {
            return Ok(Some(Arc::clone(principal)));
        }
        if let (Some(tokens), Some(registry)) = (&self.tokens, &self.registry)
            && Tokens::is_one(token)
        {
            return self.vouched(token, tokens, registry, arriving).await.map(Some);
        }
        let Some(registry) = self.registry.as_ref().filter(|_| key::is_ours(token)) else {
            return self.unless_too_many(arriving).map(|()| None);
        };
        let mut known = registry.cached(hash, arriving.now);
        if known.is_none() {
            // Whoever tries keys must not keep the database busy.
            if !registry.was_known(hash) {
                self.unless_too_many(arriving)?;
            }
            known = registry.key(hash, arriving.now).await.map_err(Denied::Unknown)?;
        }
        let Some(known) = known.filter(|known| self.has_parent(known)) else { return Ok(None) };
        if !known.is_active {
            return Err(Denied::Suspended);
        }
        known.used(arriving.now);
        Ok(Some(Arc::clone(&known.principal)))
    }

    /// Whether the key of the configuration that a key ends with is still there.
    fn has_parent(&self, known: &Known) -> bool {
        known.ends_with.as_deref().is_none_or(|id| self.ids.contains(id))
    }

    /// Whom a token is of.
    async fn vouched(
        &self,
        token: &SecretString,
        (tokens, welcome): &(Arc<Tokens>, Arc<dyn Welcome>),
        registry: &Registry,
        arriving: Arriving,
    ) -> Result<Arc<Principal>, Denied> {
        let checked = match tokens.check(token, arriving.now).await {
            Ok(checked) => checked,
            Err(fault) => {
                self.unless_too_many(arriving)?;
                if !matches!(fault, TokenFault::Unreachable(_)) {
                    self.attempts.note(arriving.address, arriving.now);
                }
                return Err(Denied::Token(fault));
            }
        };
        user_of(&checked.issuer, &checked.claims, welcome, registry, arriving).await
    }

    /// Whose a session is, if it lasts and they are still there.
    async fn of_session(
        &self,
        text: &SecretString,
        arriving: Arriving,
    ) -> Result<Option<Arc<Principal>>, Denied> {
        let (Some(sessions), Some(registry)) = (&self.sessions, &self.registry) else { return Ok(None) };
        if !Sessions::could_be(text) {
            return Ok(None);
        }
        self.unless_too_many(arriving)?;
        let now = arriving.now;
        let session = match sessions.read(text, now).await {
            Ok(session) => session,
            // Where nobody has to show anything, one that cannot be looked up is as good as none.
            Err(_) if !self.is_strict => return Ok(None),
            Err(error) => return Err(Denied::Unknown(error)),
        };
        let Some(session) = session else {
            self.attempts.note(arriving.address, now);
            return Ok(None);
        };
        match session.whose {
            Whose::User { issuer, subject, tenant } => {
                let is_known = |one: &Arc<Issuer>| one.settings().issuer == issuer;
                if !self.tokens().is_some_and(|tokens| tokens.issuers().iter().any(is_known)) {
                    return Ok(None);
                }
                let user =
                    registry.user(&issuer, &subject, Some(&tenant), now).await.map_err(Denied::Unknown)?;
                match user {
                    Some(user) if !user.is_active => Err(Denied::Suspended),
                    user => Ok(user.map(|user| Arc::clone(&user.principal))),
                }
            }
            Whose::Key(hash) => {
                let hash = KeyHash::of_bytes(hash);
                if let Some(principal) = self.keys.get(&hash) {
                    return Ok(Some(Arc::clone(principal)));
                }
                let known = registry.cached(hash, now);
                let known = match known {
                    Some(known) => Some(known),
                    None => registry.key(hash, now).await.map_err(Denied::Unknown)?,
                };
                match known.filter(|known| self.has_parent(known)) {
                    Some(known) if !known.is_active => Err(Denied::Suspended),
                    known => Ok(known.map(|known| Arc::clone(&known.principal))),
                }
            }
        }
    }

    fn unless_too_many(&self, arriving: Arriving) -> Result<(), Denied> {
        match self.attempts.wait(arriving.address, arriving.now).filter(|_| self.is_strict) {
            Some(wait) => Err(Denied::TooMany(wait)),
            None => Ok(()),
        }
    }

    /// Lets somebody in who is known, if nothing is in the way.
    fn admit(&self, principal: Arc<Principal>, arriving: Arriving) -> Result<Arc<Principal>, Denied> {
        let (tenant, bounds) = (&*principal.owner.tenant, &principal.bounds);
        let is_active = match self.tenants.get(tenant) {
            Some(is_active) => *is_active,
            None => !self.registry.as_ref().is_some_and(|registry| registry.is_suspended(tenant)),
        };
        // Operators are above all tenants: somebody has to be able to let them in again.
        if !is_active && principal.role != Role::Operator {
            return Err(Denied::Suspended);
        }
        if bounds.expires_at.is_some_and(|at| at <= arriving.now) {
            return Err(Denied::Expired);
        }
        if !bounds.admit(arriving.address) {
            return Err(Denied::Elsewhere);
        }
        Ok(principal)
    }
}

/// The user of whom an issuer speaks; made, where they come for the first time.
async fn user_of(
    issuer: &Issuer,
    claims: &Claims,
    welcome: &Arc<dyn Welcome>,
    registry: &Registry,
    arriving: Arriving,
) -> Result<Arc<Principal>, Denied> {
    let issuer = &issuer.settings().issuer;
    let look = || registry.user(issuer, &claims.subject, claims.tenant.as_deref(), arriving.now);
    let mut user = look().await.map_err(Denied::Unknown)?;
    if user.is_none() {
        let newcomer = Newcomer { issuer: issuer.clone(), claims: claims.clone() };
        welcome.welcome(newcomer, arriving).await?;
        user = look().await.map_err(Denied::Unknown)?;
    }
    let user = user.ok_or(Denied::Invalid)?;
    if claims.tenant.as_deref().is_some_and(|tenant| *tenant != *user.principal.owner.tenant) {
        return Err(Denied::OtherTenant);
    }
    if !user.is_active {
        return Err(Denied::Suspended);
    }
    Ok(Arc::clone(&user.principal))
}

#[cfg(test)]
mod tests {
    use lattice_store::Owner;

    use super::*;
    use crate::principal::{Bounds, KeyName};

    fn key(text: &str, bounds: Bounds) -> Key {
        let owner = Owner { tenant: "acme".into(), issuer: "".into(), subject: text.into() };
        let name = KeyName { id: text.into(), name: text.into() };
        let principal = Principal { owner, role: Role::Member, user: None, key: Some(name), bounds };
        Key { hash: KeyHash::of(&text.into()), principal: Arc::new(principal) }
    }

    fn from(address: &str, now: i64) -> Arriving {
        Arriving { address: address.parse().ok(), now }
    }

    async fn subject(authenticator: &Authenticator, credentials: Credentials) -> Result<String, Denied> {
        let found = authenticator.authenticate(&credentials, from("192.0.2.1", 0)).await;
        found.map(|principal| principal.owner.subject.to_string())
    }

    fn token(text: &str) -> Credentials {
        Credentials::Token(text.into())
    }

    #[tokio::test]
    async fn a9_nobody_comes_in_without_a_key_where_there_are_keys() {
        let keys = || [key("one", Bounds::default()), key("two", Bounds::default())];
        let closed = Authenticator::new(keys(), None);
        assert_eq!(subject(&closed, token("two")).await, Ok("two".to_owned()));
        assert_eq!(subject(&closed, token("three")).await, Err(Denied::Invalid));
        assert_eq!(subject(&closed, Credentials::None).await, Err(Denied::Missing));
        assert_eq!(subject(&closed, Credentials::Unclear).await, Err(Denied::Invalid));
        let mixed = Authenticator::new(keys(), Some(Principal::anonymous(Role::Member)));
        assert_eq!(subject(&mixed, Credentials::None).await, Ok("anonymous".to_owned()));
        assert_eq!(subject(&mixed, token("wrong")).await, Err(Denied::Invalid));
        let open = Authenticator::new([], Some(Principal::anonymous(Role::Member))).taking_anything();
        assert_eq!(subject(&open, token("any")).await, Ok("anonymous".to_owned()));
    }

    #[tokio::test]
    async fn a6_a_key_counts_only_from_its_places_and_until_its_end() {
        let ranges = ["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
        let bounds =
            Bounds { ip_ranges: Some(Arc::from(ranges)), expires_at: Some(1000), ..Bounds::default() };
        let one = Authenticator::new([key("one", bounds)], None);
        let ask =
            async |address: &str, now| one.authenticate(&token("one"), from(address, now)).await.map(|_| ());
        assert_eq!(ask("192.0.2.77", 999).await, Ok(()));
        assert_eq!(ask("2001:db8::1", 999).await, Ok(()));
        assert_eq!(ask("192.0.3.1", 999).await, Err(Denied::Elsewhere));
        assert_eq!(ask("nowhere", 999).await, Err(Denied::Elsewhere));
        assert_eq!(ask("192.0.2.77", 1000).await, Err(Denied::Expired));
        let closed = Authenticator::new([key("one", Bounds::default())], None)
            .with_tenants([("acme".to_owned(), false)].into());
        assert_eq!(subject(&closed, token("one")).await, Err(Denied::Suspended));
    }

    #[tokio::test]
    async fn a7_who_tries_keys_is_told_to_wait_and_valid_keys_go_on() {
        let closed = Authenticator::new([key("one", Bounds::default())], None);
        let mut waits = 0;
        for _ in 0..300 {
            waits += usize::from(matches!(subject(&closed, token("no")).await, Err(Denied::TooMany(_))));
        }
        assert_eq!(waits, 100);
        assert!(subject(&closed, token("one")).await.is_ok());
        let elsewhere = closed.authenticate(&token("no"), from("198.51.100.1", 0)).await;
        assert_eq!(elsewhere.map(|_| ()), Err(Denied::Invalid));
    }

    #[test]
    fn a9_a_cookie_that_any_page_can_set_makes_nobody_a_stranger_to_be_trusted() {
        let keys = [key("one", Bounds::default())];
        let open = Authenticator::new(keys, Some(Principal::anonymous(Role::Member))).for_this_machine();
        assert!(open.trusts_the_machine(&Credentials::Session("x".into())));
        assert!(!open.trusts_the_machine(&token("one")));
    }

    #[test]
    fn a10_nothing_shows_a_key() {
        let authenticator = Authenticator::new([key("one", Bounds::default())], None);
        assert!(!format!("{:?} {authenticator:?}", token("secret")).contains("secret"));
    }
}
