//! Google Cloud: credentials files and the metadata server.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderName;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::document::Grant;
use super::fetch::Fetcher;
use crate::settings::Surroundings;

/// Where users' refresh tokens are exchanged when their file does not say.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
const METADATA_HOST: &str = "metadata.google.internal";
/// The longest life that Google grants, in seconds.
/// <https://developers.google.com/identity/protocols/oauth2/service-account#jwt-auth>
const LIFE: u64 = 3600;

/// A credentials file, by its `type`.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum File {
    ServiceAccount(ServiceAccount),
    AuthorizedUser(AuthorizedUser),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct ServiceAccount {
    client_email: String,
    private_key: SecretString,
    #[serde(default)]
    private_key_id: Option<String>,
    token_uri: String,
}

#[derive(Deserialize)]
struct AuthorizedUser {
    client_id: String,
    client_secret: SecretString,
    refresh_token: SecretString,
    #[serde(default)]
    token_uri: Option<String>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: u64,
    exp: u64,
}

/// Application default credentials, in Google's own order.
/// <https://cloud.google.com/docs/authentication/application-default-credentials>
pub(super) async fn default(
    scope: &str,
    fetcher: &Fetcher,
    surroundings: &Surroundings,
) -> Result<Grant, String> {
    if let Some(path) = &surroundings.google_credentials {
        let json = read(path).await?.ok_or_else(|| format!("there is no file `{}`", path.display()))?;
        return from_file(&json, scope, fetcher, surroundings).await;
    }
    if let Some(folder) = &surroundings.gcloud
        && let Some(json) = read(&folder.join("application_default_credentials.json")).await?
    {
        return from_file(&json, scope, fetcher, surroundings).await;
    }
    let host = surroundings.google_metadata_host.as_deref().unwrap_or(METADATA_HOST);
    let address = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token");
    let header = (HeaderName::from_static("metadata-flavor"), "Google");
    fetcher.get(&address, &[("scopes", scope)], header, (surroundings.now)()).await
}

/// The token of a credentials file's owner.
pub(super) async fn from_file(
    json: &SecretString,
    scope: &str,
    fetcher: &Fetcher,
    surroundings: &Surroundings,
) -> Result<Grant, String> {
    let now = (surroundings.now)();
    // The parser's error may quote the file.
    let Ok(file) = serde_json::from_str::<File>(json.expose_secret()) else {
        return Err("the credentials are not a service account's or a user's file".to_owned());
    };
    match file {
        File::ServiceAccount(account) => {
            let assertion = sign(&account, scope, now)?;
            let form =
                [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &assertion)];
            fetcher.post(&account.token_uri, &form, now).await
        }
        File::AuthorizedUser(user) => {
            let form = [
                ("grant_type", "refresh_token"),
                ("client_id", &user.client_id),
                ("client_secret", user.client_secret.expose_secret()),
                ("refresh_token", user.refresh_token.expose_secret()),
            ];
            fetcher.post(user.token_uri.as_deref().unwrap_or(TOKEN_URI), &form, now).await
        }
        File::Other => {
            Err("credentials files of this `type` are not supported; use a service account's, a user's, or \
                            the metadata server"
                .to_owned())
        }
    }
}

fn sign(account: &ServiceAccount, scope: &str, now: SystemTime) -> Result<String, String> {
    let iat = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let claims = Claims {
        iss: &account.client_email,
        scope,
        aud: &account.token_uri,
        iat,
        exp: iat.saturating_add(LIFE),
    };
    let mut header = Header::new(Algorithm::RS256);
    header.kid.clone_from(&account.private_key_id);
    let unusable = |_| "the `private_key` of the credentials is no RSA key in PEM".to_owned();
    let key = EncodingKey::from_rsa_pem(account.private_key.expose_secret().as_bytes()).map_err(unusable)?;
    jsonwebtoken::encode(&header, &claims, &key).map_err(unusable)
}

/// The file's text, or nothing if there is no such file.
async fn read(path: &Path) -> Result<Option<SecretString>, String> {
    match tokio::fs::read_to_string(path).await {
        Ok(text) => Ok(Some(text.into())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("`{}` cannot be read: {error}", path.display())),
    }
}
