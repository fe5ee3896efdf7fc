//! An issuer of tokens on this machine: it describes itself, shows its public keys, and signs whatever a test wants.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// A key that an issuer signs with.
#[derive(Clone)]
pub struct SigningKey {
    /// What it is called.
    pub id: String,
    algorithm: Algorithm,
    private: EncodingKey,
}

/// An issuer; it goes with the value.
pub struct Issuer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    keys: Mutex<Vec<Value>>,
    described: AtomicUsize,
    shown: AtomicUsize,
    is_away: AtomicBool,
    is_over: AtomicBool,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Issuer").field("address", &self.address).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A new one for this algorithm: RS, PS, ES or `EdDSA`.
    ///
    /// # Errors
    /// Where there is none for it.
    pub fn new(id: &str, algorithm: Algorithm) -> Result<Self, String> {
        let kind = match algorithm {
            Algorithm::ES256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Algorithm::ES384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            Algorithm::EdDSA => &rcgen::PKCS_ED25519,
            _ => &rcgen::PKCS_RSA_SHA256,
        };
        let pair = rcgen::KeyPair::generate_for(kind).map_err(|error| error.to_string())?;
        let pem = pair.serialize_pem();
        let private = match algorithm {
            Algorithm::ES256 | Algorithm::ES384 => EncodingKey::from_ec_pem(pem.as_bytes()),
            Algorithm::EdDSA => Ok(EncodingKey::from_ed_der(&without_public(&pair.serialize_der()))),
            _ => EncodingKey::from_rsa_pem(pem.as_bytes()),
        };
        let private = private.map_err(|error| error.to_string())?;
        Ok(Self { id: id.to_owned(), algorithm, private })
    }

    /// The same under another name.
    #[must_use]
    pub fn named(&self, id: &str) -> Self {
        Self { id: id.to_owned(), ..self.clone() }
    }

    /// A token with these claims.
    ///
    /// # Errors
    /// What cannot be signed.
    pub fn sign(&self, claims: &Value) -> Result<String, String> {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(self.algorithm) };
        jsonwebtoken::encode(&header, claims, &self.private).map_err(|error| error.to_string())
    }

    /// As the issuer shows it.
    ///
    /// # Errors
    /// What cannot be shown.
    pub fn public(&self) -> Result<Value, String> {
        let jwk = Jwk::from_encoding_key(&self.private, self.algorithm).map_err(|error| error.to_string())?;
        let mut jwk = serde_json::to_value(jwk).map_err(|error| error.to_string())?;
        if let Some(object) = jwk.as_object_mut() {
            object.insert("kid".to_owned(), self.id.as_str().into());
            object.insert("use".to_owned(), "sig".into());
        }
        Ok(jwk)
    }
}

/// A private Ed25519 key as RFC 8410 has it, without the public one behind it, which not every library reads.
fn without_public(der: &[u8]) -> Vec<u8> {
    const HEAD: [u8; 16] =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let mark = &HEAD[12..];
    let at = der.windows(mark.len()).position(|window| window == mark).unwrap_or_default() + mark.len();
    HEAD.iter().chain(der[at..].iter().take(32)).copied().collect()
}

impl Issuer {
    /// Starts one that shows nothing yet.
    ///
    /// # Errors
    /// Where it cannot listen.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let issuer = Self { address, shared: Arc::clone(&shared) };
        let name = issuer.name();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.is_over.load(Ordering::Acquire) {
                    return;
                }
                // A connection that breaks is its caller's matter.
                let _ = stream.and_then(|stream| answer(stream, &shared, &name));
            }
        });
        Ok(issuer)
    }

    /// Its name, which is its address.
    pub fn name(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Shows these keys from now on.
    pub fn show(&self, keys: Vec<Value>) {
        *self.shared.keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Answers with errors, or no longer does.
    pub fn set_away(&self, is_away: bool) {
        self.shared.is_away.store(is_away, Ordering::Release);
    }

    /// How often its keys were asked for.
    pub fn asked(&self) -> usize {
        self.shared.shown.load(Ordering::Acquire)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Release);
        // So that the listener notices.
        let _ = TcpStream::connect(self.address);
    }
}

fn answer(mut stream: TcpStream, shared: &Shared, name: &str) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let path = first.split(' ').nth(1).unwrap_or_default();
    let found = match path {
        _ if shared.is_away.load(Ordering::Acquire) => None,
        "/.well-known/openid-configuration" => {
            shared.described.fetch_add(1, Ordering::AcqRel);
            Some(json!({"issuer": name, "jwks_uri": format!("{name}/keys")}))
        }
        "/keys" => {
            shared.shown.fetch_add(1, Ordering::AcqRel);
            Some(json!({"keys": *shared.keys.lock().unwrap_or_else(PoisonError::into_inner)}))
        }
        _ => None,
    };
    let (status, body) = match found {
        Some(body) => ("200 OK", body.to_string()),
        None => ("503 Service Unavailable", "{}".to_owned()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}
