//! What a token service answers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

/// A token and how long it lives from now.
pub(super) struct Grant {
    token: SecretString,
    pub(super) life: Duration,
}

impl Grant {
    pub(super) fn token(&self) -> &str {
        self.token.expose_secret()
    }
}

/// RFC 6749 section 5.1. Azure's services write the numbers as strings, and App Service gives `expires_on` alone.
#[derive(Deserialize)]
struct Success {
    access_token: SecretString,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
    /// Seconds since 1970.
    #[serde(default, deserialize_with = "seconds")]
    expires_on: Option<u64>,
}

/// RFC 6749 section 5.2.
#[derive(Deserialize)]
struct ErrorAnswer {
    error: String,
    #[serde(default)]
    error_description: String,
}

/// Reads the body of a token service's answer.
pub(super) fn read(status: u16, body: &[u8], now: SystemTime) -> Result<Grant, String> {
    if !(200..300).contains(&status) {
        return Err(refusal(status, body));
    }
    // The error of the parser may quote the document, which holds the token.
    let Ok(success) = serde_json::from_slice::<Success>(body) else {
        return Err("the token service's answer holds no access token".to_owned());
    };
    let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let life = success
        .expires_in
        .or_else(|| Some(success.expires_on?.saturating_sub(since_1970)))
        // RFC 6749 lets the service leave it out; the common life is an hour.
        .unwrap_or(3600);
    Ok(Grant { token: success.access_token, life: Duration::from_secs(life) })
}

fn refusal(status: u16, body: &[u8]) -> String {
    match serde_json::from_slice::<ErrorAnswer>(body) {
        Ok(answer) => {
            let first_line = answer.error_description.lines().next().unwrap_or_default();
            let said: String = first_line.chars().take(300).collect();
            format!("the token service answered {status}: {} {said}", answer.error).trim_end().to_owned()
        }
        Err(_) => format!("the token service answered {status}"),
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u64),
        Text(String),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::Number(number) => Some(number),
        Written::Text(text) => text.parse().ok(),
        Written::Other(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life_of(body: &str) -> Duration {
        read(200, body.as_bytes(), UNIX_EPOCH + Duration::from_secs(1000)).ok().unwrap().life
    }

    #[test]
    fn the_life_is_read_in_all_its_spellings() {
        assert_eq!(life_of(r#"{"access_token":"t","expires_in":3599}"#), Duration::from_secs(3599));
        assert_eq!(life_of(r#"{"access_token":"t","expires_in":"86399"}"#), Duration::from_secs(86_399));
        assert_eq!(life_of(r#"{"access_token":"t","expires_on":"1600"}"#), Duration::from_mins(10));
        assert_eq!(life_of(r#"{"access_token":"t"}"#), Duration::from_hours(1));
    }

    #[test]
    fn a_refusal_keeps_the_service_s_words_and_a_broken_document_is_not_quoted() {
        let body = br#"{"error":"invalid_client","error_description":"AADSTS7000215: no.\r\nTrace: 1"}"#;
        let said = read(401, body, UNIX_EPOCH).err().unwrap();
        assert_eq!(said, "the token service answered 401: invalid_client AADSTS7000215: no.");
        let said = read(200, br#"{"access_token": 5, "x": "secret"}"#, UNIX_EPOCH).err().unwrap();
        assert!(!said.contains("secret"), "{said}");
    }
}
