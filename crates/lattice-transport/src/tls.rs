//! The TLS configuration that all upstreams share.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// TLS 1.2 and 1.3, HTTP/2 preferred. No provider is installed for the process: what else runs in it keeps its own.
pub(crate) fn config(roots: RootCertStore) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The machine's certificates; Mozilla's, which are built in, where the machine has none, as bare container images do.
///
/// # Errors
/// Those that the operator `chosen` by variables, such as `SSL_CERT_FILE`, cannot all be read: whoever names an authority does not want
/// the public ones in its place.
pub(crate) fn system_roots(chosen: Option<&str>) -> Result<RootCertStore, String> {
    let native = rustls_native_certs::load_native_certs();
    if let (Some(chosen), Some(error)) = (chosen, native.errors.first()) {
        return Err(format!("{chosen} names certificates that cannot be read: {error}"));
    }
    for error in &native.errors {
        tracing::warn!(%error, "a certificate store of the machine could not be read");
    }
    let roots = roots_of(native.certs);
    if !roots.is_empty() {
        return Ok(roots);
    }
    if let Some(chosen) = chosen {
        return Err(format!("{chosen} names no certificate in PEM form"));
    }
    tracing::info!("the machine has no root certificates; the built-in ones are used");
    Ok(roots_of(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned()))
}

/// A store of those certificates that can be read; the others are left out.
pub(crate) fn roots_of(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    roots
}
