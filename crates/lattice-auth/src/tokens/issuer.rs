//! An issuer, and the check of its tokens.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::claims::{self, ClaimNames, Claims};
use super::keys::{Endpoints, Keys};
use super::{Fetch, TokenFault};
use crate::login::ClientSettings;
use crate::role::Role;

/// The algorithms that are taken, whatever a token says: signatures with public keys.
const ALGORITHMS: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Keys that a token without a key's name is tried with.
const TRIED: usize = 10;

/// An issuer of tokens, as the operator describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerSettings {
    /// Its name, exactly as it stands in its tokens.
    pub issuer: String,
    /// Whom its tokens have to be for, at least one of them.
    pub audiences: Vec<String>,
    /// Where it describes itself, if not at the usual place.
    pub discovery_url: Option<String>,
    /// Where its tokens say what.
    pub claims: ClaimNames,
    /// What those of a group may do.
    pub group_roles: Vec<(String, Role)>,
    /// The most that its word can make somebody.
    pub max_role: Role,
    /// How far its clock and ours may be apart, in seconds.
    pub clock_skew: i64,
    /// The gateway as it knows it, where people can sign in there.
    pub client: Option<ClientSettings>,
}

/// An issuer.
#[derive(Debug)]
pub struct Issuer {
    settings: IssuerSettings,
    keys: Arc<Keys>,
}

impl Issuer {
    pub(super) fn new(settings: IssuerSettings, fetch: Arc<dyn Fetch>) -> Self {
        let keys = Arc::new(Keys::new(&settings.issuer, settings.discovery_url.as_deref(), fetch));
        Self { settings, keys }
    }

    /// As the operator describes it.
    pub fn settings(&self) -> &IssuerSettings {
        &self.settings
    }

    /// Checks a token that somebody shows as their own: its signature, whom it is for, its times.
    pub(super) async fn check(&self, token: &SecretString, now: i64) -> Result<Claims, TokenFault> {
        let claimed = self.signed(token, now).await?;
        if !claims::is_for(&claimed, &self.settings.audiences) {
            return Err(TokenFault::Audience);
        }
        self.read(&claimed, now)
    }

    /// Checks a token that the issuer gave the gateway for a sign-in.
    pub(crate) async fn check_id_token(
        &self,
        token: &SecretString,
        client: &str,
        nonce: &str,
        now: i64,
    ) -> Result<Claims, TokenFault> {
        let claimed = self.signed(token, now).await?;
        let is_other =
            |name: &str, wanted: &str| claimed.get(name).is_some_and(|said| said.as_str() != Some(wanted));
        if !claims::is_for(&claimed, &[client.to_owned()]) || is_other("azp", client) {
            return Err(TokenFault::Audience);
        }
        if claimed.get("nonce").and_then(Value::as_str) != Some(nonce) {
            return Err(TokenFault::Claim("nonce"));
        }
        self.read(&claimed, now)
    }

    /// Where it does what.
    pub(crate) async fn endpoints(&self, now: i64) -> Result<Endpoints, String> {
        self.keys.endpoints(now).await
    }

    /// Asks its token endpoint.
    pub(crate) async fn exchange(
        &self,
        endpoint: &str,
        form: &[(&str, String)],
        client: &ClientSettings,
    ) -> Result<Map<String, Value>, String> {
        let basic = client.secret.as_ref().map(|secret| (client.id.as_str(), secret));
        let body = self.keys.fetch().post(endpoint, form, basic).await?;
        serde_json::from_slice(&body).map_err(|_| format!("{endpoint} answered with no JSON object"))
    }

    /// What a token says whose signature is right.
    async fn signed(&self, token: &SecretString, now: i64) -> Result<Map<String, Value>, TokenFault> {
        let token = token.expose_secret();
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenFault::Malformed)?;
        // Nothing that a token calls critical is understood.
        if !ALGORITHMS.contains(&header.alg) || header.crit.is_some_and(|critical| !critical.is_empty()) {
            return Err(TokenFault::Malformed);
        }
        let keys = self.keys.of(header.kid.as_deref(), header.alg, now).await?;
        let mut validation = Validation::new(header.alg);
        // Who and when is checked below, by the clock of everything else.
        (validation.validate_exp, validation.validate_aud) = (false, false);
        validation.required_spec_claims.clear();
        let signed = keys
            .iter()
            .take(TRIED)
            .find_map(|key| jsonwebtoken::decode::<Map<String, Value>>(token, &key.public, &validation).ok());
        let claimed = signed.ok_or(TokenFault::Signature)?.claims;
        if claimed.get("iss").and_then(Value::as_str) != Some(self.settings.issuer.as_str()) {
            return Err(TokenFault::Issuer);
        }
        Ok(claimed)
    }

    fn read(&self, claimed: &Map<String, Value>, now: i64) -> Result<Claims, TokenFault> {
        let mut claims = Claims::read(claimed, &self.settings.claims)?;
        let of_groups = self.settings.group_roles.iter();
        let of_groups = of_groups.filter(|(group, _)| claims.groups.contains(group)).map(|(_, role)| *role);
        claims.role = of_groups.chain(claims.role).max().map(|role| role.min(self.settings.max_role));
        self.in_time(&claims, now)?;
        Ok(claims)
    }

    pub(super) fn in_time(&self, claims: &Claims, now: i64) -> Result<(), TokenFault> {
        let skew = self.settings.clock_skew;
        if claims.expires_at.saturating_add(skew) <= now {
            return Err(TokenFault::Expired);
        }
        if claims.not_before.is_some_and(|begin| begin.saturating_sub(skew) > now) {
            return Err(TokenFault::Early);
        }
        Ok(())
    }
}
