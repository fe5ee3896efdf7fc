//! Microsoft Entra ID: an app registration's secret, or the machine's managed identity.

use http::HeaderName;
use lattice_providers::TokenSource;
use secrecy::ExposeSecret;

use super::document::Grant;
use super::fetch::Fetcher;
use crate::settings::Surroundings;

/// Azure's instance metadata service: the same address on every machine.
/// <https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token>
const METADATA: &str = "http://169.254.169.254";

pub(super) async fn grant(
    source: &TokenSource,
    fetcher: &Fetcher,
    surroundings: &Surroundings,
) -> Result<Grant, String> {
    match source {
        // <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>
        TokenSource::EntraClientSecret { authority, tenant_id, client_id, client_secret, scope } => {
            let address = format!("{}/{tenant_id}/oauth2/v2.0/token", authority.trim_end_matches('/'));
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", client_id),
                ("client_secret", client_secret.expose_secret()),
                ("scope", scope),
            ];
            fetcher.post(&address, &form, (surroundings.now)()).await
        }
        TokenSource::EntraManagedIdentity { client_id, resource } => {
            managed(client_id.as_deref(), resource, fetcher, surroundings).await
        }
        TokenSource::GoogleCredentials { .. } | TokenSource::GoogleDefault { .. } => {
            Err("not an identity of Entra ID".to_owned())
        }
    }
}

async fn managed(
    client_id: Option<&str>,
    resource: &str,
    fetcher: &Fetcher,
    surroundings: &Surroundings,
) -> Result<Grant, String> {
    let now = (surroundings.now)();
    let mut query = vec![("resource", resource)];
    query.extend(client_id.map(|id| ("client_id", id)));
    // App Service and Container Apps run their own service and name it in the environment.
    // <https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference>
    if let (Some(endpoint), Some(secret)) =
        (&surroundings.azure_identity_endpoint, &surroundings.azure_identity_header)
    {
        query.push(("api-version", "2019-08-01"));
        let header = (HeaderName::from_static("x-identity-header"), secret.expose_secret());
        return fetcher.get(endpoint, &query, header, now).await;
    }
    query.push(("api-version", "2018-02-01"));
    let base = surroundings.azure_metadata.as_deref().unwrap_or(METADATA);
    let address = format!("{base}/metadata/identity/oauth2/token");
    fetcher.get(&address, &query, (HeaderName::from_static("metadata"), "true"), now).await
}
