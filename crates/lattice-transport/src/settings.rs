//! What an upstream is made from, and what the process's surroundings say.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use http::{HeaderName, HeaderValue};
use lattice_providers::Credential;
use secrecy::SecretString;

use crate::proxy::Proxy;

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, TLS and proxy included.
    pub connect: Duration,
    /// From the request to the head of the answer, connecting included.
    pub first_byte: Duration,
    /// For the next bytes of the answer, once somebody waits for them.
    pub idle: Duration,
    /// For the whole exchange. It cuts live streams, so there is none unless the operator asks (C10).
    pub total: Option<Duration>,
}

/// The settings of one way to a provider.
#[derive(Debug, Clone)]
pub struct UpstreamSettings {
    /// The provider entry's name, for the log.
    pub name: String,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// Through what; token services on the internet are reached the same way.
    pub proxy: Proxy,
    /// The operator's extra headers; they replace the provider's own, and are never shown.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What has to be added to each call.
    pub credential: Credential,
}

/// What the process's environment says about identities, and the clock: read elsewhere, passed in here.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// `GOOGLE_APPLICATION_CREDENTIALS`: the path of a credentials file.
    pub google_credentials: Option<PathBuf>,
    /// The folder of gcloud's own files: `CLOUDSDK_CONFIG`, or `~/.config/gcloud`.
    pub gcloud: Option<PathBuf>,
    /// `GCE_METADATA_HOST`: host and port of the metadata server, `metadata.google.internal` when absent.
    pub google_metadata_host: Option<String>,
    /// `IDENTITY_ENDPOINT`: the token service of Azure App Service and Container Apps; other machines have a fixed address.
    pub azure_identity_endpoint: Option<String>,
    /// `IDENTITY_HEADER`: what that token service wants to see.
    pub azure_identity_header: Option<SecretString>,
    /// Base of Azure's instance metadata service; `http://169.254.169.254` when absent.
    pub azure_metadata: Option<String>,
    /// The variable by which the operator has chosen the authorities to trust, if so: `SSL_CERT_FILE` or `SSL_CERT_DIR`.
    pub chosen_roots: Option<&'static str>,
    /// The wall clock, which signed token requests carry.
    pub now: fn() -> SystemTime,
}

impl Surroundings {
    /// Reads what matters from environment variables; one that is set to nothing counts as not set.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>, now: fn() -> SystemTime) -> Self {
        // Set to nothing, it would still hide the machine's own.
        let chosen_roots =
            ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().find(|name| variable(name).is_some());
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let path = |name: &str| variable(name).map(PathBuf::from);
        let gcloud = path("CLOUDSDK_CONFIG")
            .or_else(|| path("APPDATA").map(|folder| folder.join("gcloud")))
            .or_else(|| path("HOME").map(|home| home.join(".config/gcloud")));
        Self {
            chosen_roots,
            google_credentials: path("GOOGLE_APPLICATION_CREDENTIALS"),
            gcloud,
            google_metadata_host: variable("GCE_METADATA_HOST"),
            azure_identity_endpoint: variable("IDENTITY_ENDPOINT"),
            azure_identity_header: variable("IDENTITY_HEADER").map(SecretString::from),
            azure_metadata: None,
            now,
        }
    }
}
