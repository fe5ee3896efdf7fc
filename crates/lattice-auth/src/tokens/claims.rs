//! What a token says.

use lattice_model::Word;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::TokenFault;
use crate::role::Role;

/// The longest subject, tenant, name or address, in characters, and the most groups.
const LONGEST: usize = 255;
const MOST_GROUPS: usize = 200;

/// Where an issuer's tokens say what: a claim's name, or a path to it with dots, such as `realm_access.roles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimNames {
    /// The tenant that somebody belongs to.
    pub tenant: String,
    /// What they may do: a word, or a list of words.
    pub role: String,
    /// Their address.
    pub email: String,
    /// The groups that they are in.
    pub groups: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        let name = |name: &str| name.to_owned();
        Self { tenant: name("tenant"), role: name("role"), email: name("email"), groups: name("groups") }
    }
}

/// What a token says of whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// What the issuer knows them by.
    pub subject: String,
    /// The tenant that they belong to, if it says so.
    pub tenant: Option<String>,
    /// What they may do, if it says something that is known.
    pub role: Option<Role>,
    /// Their address, unless the issuer says that it is not verified (A4).
    pub email: Option<String>,
    /// What they are called.
    pub name: Option<String>,
    /// The groups that they are in.
    pub groups: Vec<String>,
    /// When it ends and begins: seconds since 1970, UTC.
    pub(super) expires_at: i64,
    pub(super) not_before: Option<i64>,
}

/// The issuer that a token claims to be of; nothing is checked.
pub(super) fn issuer(token: &SecretString) -> Option<String> {
    let claims: Map<String, Value> =
        jsonwebtoken::dangerous::insecure_decode_claims(token.expose_secret()).ok()?;
    claims.get("iss")?.as_str().map(str::to_owned)
}

impl Claims {
    /// Reads what is claimed by a token whose signature is right.
    pub(super) fn read(claims: &Map<String, Value>, names: &ClaimNames) -> Result<Self, TokenFault> {
        let subject = claims.get("sub").and_then(text).ok_or(TokenFault::Claim("sub"))?;
        let is_verified = claims
            .get("email_verified")
            .is_none_or(|verified| verified.as_bool() == Some(true) || verified.as_str() == Some("true"));
        let tenant = match at(claims, &names.tenant) {
            None | Some(Value::Null) => None,
            // Whoever's tenant cannot be read must not end up in another.
            Some(tenant) => Some(text(tenant).ok_or(TokenFault::Claim("the tenant"))?),
        };
        Ok(Self {
            subject,
            tenant,
            role: words(at(claims, &names.role)).filter_map(|word| Role::of_name(&word)).max(),
            email: at(claims, &names.email).and_then(text).filter(|_| is_verified),
            name: ["name", "preferred_username"].iter().find_map(|name| claims.get(*name).and_then(text)),
            groups: words(at(claims, &names.groups)).take(MOST_GROUPS).collect(),
            expires_at: time(claims.get("exp")).ok_or(TokenFault::Claim("exp"))?,
            not_before: match (claims.get("nbf"), claims.get("iat")) {
                (Some(begin), _) => Some(time(Some(begin)).ok_or(TokenFault::Claim("nbf"))?),
                (None, issued) => time(issued),
            },
        })
    }
}

/// Whether a token is for one of these.
pub(super) fn is_for(claims: &Map<String, Value>, audiences: &[String]) -> bool {
    words(claims.get("aud")).any(|audience| audiences.contains(&audience))
}

/// A claim by its name, or by its path.
fn at<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(found) = claims.get(name) {
        return Some(found);
    }
    let mut steps = name.split('.');
    let first = claims.get(steps.next()?)?;
    steps.try_fold(first, |value, step| value.get(step))
}

fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let fits = (1..=LONGEST).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// A text, or a list of texts.
fn words(value: Option<&Value>) -> impl Iterator<Item = String> {
    let all: &[Value] = match value {
        Some(Value::Array(all)) => all,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    all.iter().filter_map(text)
}

/// Seconds since 1970; issuers may write fractions.
#[expect(clippy::cast_possible_truncation, reason = "what is beyond the range becomes its end")]
fn time(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    value.as_i64().or_else(|| value.as_f64().filter(|time| time.is_finite()).map(|time| time.floor() as i64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(claims: &Value, names: &ClaimNames) -> Result<Claims, TokenFault> {
        Claims::read(claims.as_object().unwrap(), names)
    }

    #[test]
    fn claims_are_found_by_name_and_by_path() {
        let names = ClaimNames {
            role: "realm_access.roles".into(),
            tenant: "https://id.test/org".into(),
            ..ClaimNames::default()
        };
        let claims = json!({
            "sub": "ann", "exp": 10.9, "nbf": 5, "https://id.test/org": "acme", "email": "a@b.c", "email_verified": true,
            "realm_access": {"roles": ["offline_access", "viewer", "admin"]}, "groups": "one", "preferred_username": "Ann",
        });
        let read = read(&claims, &names).unwrap();
        assert_eq!(
            (read.tenant.as_deref(), read.role, read.expires_at),
            (Some("acme"), Some(Role::Admin), 10)
        );
        assert_eq!(
            (read.groups, read.name.as_deref(), read.email.as_deref()),
            (vec!["one".to_owned()], Some("Ann"), Some("a@b.c"))
        );
    }

    #[test]
    fn a4_a_claim_that_cannot_be_read_grants_nothing() {
        let names = ClaimNames::default();
        for (claims, missing) in [
            (json!({"exp": 1}), "sub"),
            (json!({"sub": "", "exp": 1}), "sub"),
            (json!({"sub": 7, "exp": 1}), "sub"),
            (json!({"sub": "a\nb", "exp": 1}), "sub"),
            (json!({"sub": "a"}), "exp"),
            (json!({"sub": "a", "exp": "soon"}), "exp"),
            (json!({"sub": "a", "exp": 1, "tenant": ["acme"]}), "the tenant"),
            (json!({"sub": "a", "exp": 1, "tenant": ""}), "the tenant"),
        ] {
            assert_eq!(read(&claims, &names).unwrap_err(), TokenFault::Claim(missing), "{claims}");
        }
        let odd = json!({"sub": "a", "exp": 1, "role": {"x": 1}, "email": "a@b.c", "email_verified": false, "groups": 7});
        let read = read(&odd, &names).unwrap();
        assert_eq!((read.role, read.email, read.groups.len()), (None, None, 0));
        let aud = |aud: Value| is_for(json!({"aud": aud}).as_object().unwrap(), &["us".to_owned()]);
        assert!(
            aud(json!("us"))
                && aud(json!(["them", "us"]))
                && !aud(json!("them"))
                && !aud(Value::Null)
                && !aud(json!([]))
        );
    }
}
