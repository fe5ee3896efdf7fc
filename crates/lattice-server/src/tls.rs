//! TLS for the listener, from certificate files.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Where certificate and key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM: the certificate, then its chain.
    pub certificate: PathBuf,
    /// PEM: the private key.
    pub key: PathBuf,
}

/// The files cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", file.display())]
pub struct TlsError {
    /// Which file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// The certificate that is shown, which can be renewed.
#[derive(Debug)]
pub struct Tls {
    current: ArcSwap<ServerConfig>,
    /// The chain, to know whether a renewal is one.
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

impl Tls {
    /// Reads the files; h2 and HTTP/1.1 are offered.
    ///
    /// # Errors
    /// [`TlsError`] names the file and what is wrong with it.
    pub fn new(files: &TlsFiles) -> Result<Self, TlsError> {
        let (chain, config) = read(files)?;
        Ok(Self { current: ArcSwap::from_pointee(config), chain: Mutex::new(chain) })
    }

    /// Takes what the files hold now, for connections from now on. Says whether that is another certificate.
    ///
    /// # Errors
    /// As [`Self::new`]; what was there goes on.
    pub fn renew(&self, files: &TlsFiles) -> Result<bool, TlsError> {
        let (chain, config) = read(files)?;
        self.current.store(Arc::new(config));
        let mut known = self.chain.lock().unwrap_or_else(PoisonError::into_inner);
        let is_other = *known != chain;
        *known = chain;
        Ok(is_other)
    }

    /// For one connection.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }
}

fn read(files: &TlsFiles) -> Result<(Vec<CertificateDer<'static>>, ServerConfig), TlsError> {
    let failed = |file: &Path, reason: String| TlsError { file: file.to_owned(), reason };
    let open = |file: &Path| {
        std::fs::File::open(file).map(BufReader::new).map_err(|error| failed(file, error.to_string()))
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_reader_iter(open(&files.certificate)?).collect();
    let chain = chain.map_err(|error| failed(&files.certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(failed(&files.certificate, "holds no certificate in PEM form".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_reader(open(&files.key)?)
        .map_err(|error| failed(&files.key, format!("holds no private key in PEM form ({error})")))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&files.certificate, error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain.clone(), key)
        .map_err(|error| failed(&files.key, format!("does not fit the certificate ({error})")))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((chain, config))
}
