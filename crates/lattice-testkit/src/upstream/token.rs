//! The token services of Google and of Microsoft Entra.

use serde_json::json;

use super::http::Request;
use super::play::Reply;

/// The tokens that they give, which the providers' paths take.
pub(super) const GOOGLE: &str = "ya29.scripted";
pub(super) const ENTRA: &str = "entra.scripted";

/// The answer, if the path is one of a token service.
pub(super) fn reply(request: &Request) -> Option<Reply> {
    let form = String::from_utf8_lossy(&request.body).into_owned();
    let field = |name: &str| {
        form.split('&')
            .filter_map(|pair| pair.split_once('='))
            .any(|(other, value)| other == name && !value.is_empty())
    };
    if request.path == "/token" {
        let signed = field("grant_type") && field("assertion");
        let refreshed = field("refresh_token") && field("client_id") && field("client_secret");
        if !signed && !refreshed {
            return Some(Reply::json(
                400,
                &json!({"error": "invalid_grant", "error_description": "an assertion is needed"}),
            ));
        }
        return Some(Reply::json(
            200,
            &json!({"access_token": GOOGLE, "expires_in": 3599, "token_type": "Bearer"}),
        ));
    }
    if request.path.starts_with("/entra/") && request.path.ends_with("/oauth2/v2.0/token") {
        let whole = ["grant_type", "client_id", "client_secret", "scope"].iter().all(|name| field(name));
        if !whole {
            return Some(Reply::json(
                400,
                &json!({"error": "invalid_request", "error_description": "a field is missing"}),
            ));
        }
        return Some(Reply::json(
            200,
            &json!({"access_token": ENTRA, "expires_in": 3599, "token_type": "Bearer"}),
        ));
    }
    None
}
