//! Signing in at an issuer: authorization code with PKCE, state and nonce (A5).
//!
//! All three follow from one random text that the browser keeps in a cookie. So nothing is stored for a sign-in that somebody only begins, and
//! what comes back counts only in the browser that began it.

use aws_lc_rs::{constant_time, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::sealed::derived;
use crate::sessions::random;
use crate::tokens::{Claims, Endpoints, Issuer, TokenFault};

/// The gateway as an issuer knows it.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// The client's id there.
    pub id: String,
    /// Its secret; none for a public client.
    pub secret: Option<SecretString>,
}

impl PartialEq for ClientSettings {
    fn eq(&self, other: &Self) -> bool {
        let secret = |one: &Self| one.secret.as_ref().map(|secret| secret.expose_secret().to_owned());
        self.id == other.id && secret(self) == secret(other)
    }
}

impl Eq for ClientSettings {}

/// Why somebody could not sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginFault {
    /// The issuer is not set up for it: it needs a `client_id`.
    NotOffered,
    /// The issuer cannot be reached, or answers what cannot be used; for the operator.
    Unreachable(String),
    /// What came back is not what this browser asked for.
    Foreign,
    /// The issuer says no: its word for it.
    Refused(String),
    /// The issuer's token is not right.
    Token(TokenFault),
}

/// A sign-in that begins.
#[derive(Debug)]
pub struct Started {
    /// Where the browser has to go.
    pub location: String,
    /// What it has to keep.
    pub seed: SecretString,
}

/// Somebody who signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// What the issuer says of them.
    pub claims: Claims,
    /// The issuer's word for it, to sign out there.
    pub id_token: SecretString,
}

/// Begins a sign-in; the issuer sends the browser back to `callback`.
///
/// # Errors
/// [`LoginFault`] where the issuer cannot be asked.
pub async fn start(issuer: &Issuer, callback: &str, now: i64) -> Result<Started, LoginFault> {
    let (client, endpoints) = offered(issuer, now).await?;
    let seed = random().map_err(|_| LoginFault::Unreachable("no randomness".to_owned()))?;
    let mut location = Url::parse(&endpoints.authorization)
        .map_err(|_| LoginFault::Unreachable("its authorization endpoint is no address".to_owned()))?;
    let challenge = digest::digest(&digest::SHA256, part(&seed, b"verifier").as_bytes());
    location
        .query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &client.id)
        .append_pair("redirect_uri", callback)
        .append_pair("scope", "openid email profile")
        .append_pair("state", &part(&seed, b"state"))
        .append_pair("nonce", &part(&seed, b"nonce"))
        .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(challenge))
        .append_pair("code_challenge_method", "S256");
    Ok(Started { location: location.into(), seed })
}

/// Ends a sign-in with what the issuer sent the browser back with.
///
/// # Errors
/// [`LoginFault`]: nobody is signed in.
pub async fn finish(
    issuer: &Issuer,
    callback: &str,
    seed: &SecretString,
    query: &[(String, String)],
    now: i64,
) -> Result<SignedIn, LoginFault> {
    let said = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let state = said("state").unwrap_or_default();
    let is_ours = constant_time::verify_slices_are_equal(state.as_bytes(), part(seed, b"state").as_bytes());
    // RFC 9207: an answer of another issuer's must not be taken for this one's.
    let is_its = said("iss").is_none_or(|name| name == issuer.settings().issuer);
    if is_ours.is_err() || !is_its {
        return Err(LoginFault::Foreign);
    }
    if let Some(error) = said("error") {
        return Err(LoginFault::Refused(
            error.chars().filter(|letter| !letter.is_control()).take(80).collect(),
        ));
    }
    let code = said("code").ok_or(LoginFault::Foreign)?;
    let (client, endpoints) = offered(issuer, now).await?;
    let mut form = vec![
        ("grant_type", "authorization_code".to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", callback.to_owned()),
        ("code_verifier", part(seed, b"verifier")),
    ];
    if client.secret.is_none() {
        form.push(("client_id", client.id.clone()));
    }
    let answer = issuer.exchange(&endpoints.token, &form, client).await.map_err(LoginFault::Unreachable)?;
    let Some(id_token) = answer.get("id_token").and_then(Value::as_str) else {
        let error = answer.get("error").and_then(Value::as_str).unwrap_or("no id_token");
        return Err(LoginFault::Refused(error.chars().take(80).collect()));
    };
    let id_token = SecretString::from(id_token);
    let nonce = part(seed, b"nonce");
    let claims =
        issuer.check_id_token(&id_token, &client.id, &nonce, now).await.map_err(LoginFault::Token)?;
    Ok(SignedIn { claims, id_token })
}

/// Where the browser has to go to sign out at the issuer too, if it offers that. `back` is where it comes out.
pub async fn sign_out(issuer: &Issuer, id_token: &str, back: &str, now: i64) -> Option<String> {
    let (client, endpoints) = offered(issuer, now).await.ok()?;
    let mut location = Url::parse(endpoints.end_session.as_deref()?).ok()?;
    location
        .query_pairs_mut()
        .append_pair("id_token_hint", id_token)
        .append_pair("client_id", &client.id)
        .append_pair("post_logout_redirect_uri", back);
    Some(location.into())
}

async fn offered(issuer: &Issuer, now: i64) -> Result<(&ClientSettings, Endpoints), LoginFault> {
    let client = issuer.settings().client.as_ref().ok_or(LoginFault::NotOffered)?;
    let endpoints = issuer.endpoints(now).await.map_err(LoginFault::Unreachable)?;
    Ok((client, endpoints))
}

/// One of the texts that follow from the seed.
fn part(seed: &SecretString, name: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(derived(seed, &[b"login ".as_slice(), name].concat()))
}
