//! Access tokens: where they come from, and how they are kept fresh.

#![expect(clippy::unwrap_used, reason = "tests")]

mod fake;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use fake::{Server, ok, patient, post, settings, surroundings};
use futures_util::future::join_all;
use lattice_providers::{Credential, TokenSource};
use lattice_transport::{HttpUpstream, SendError, Surroundings, Transport, UpstreamSettings};
use secrecy::SecretString;

/// A token service whose answers are `t1`, `t2` and so on, except where `script` says otherwise; and all it was asked.
struct TokenService {
    server: Server,
    seen: Arc<Mutex<Vec<String>>>,
}

impl TokenService {
    async fn start(life: &'static str, script: fn(usize) -> Option<String>) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let note = Arc::clone(&seen);
        let server = Server::answering(move |request| {
            let mut seen = note.lock().unwrap();
            seen.push(request.to_owned());
            let nth = seen.len();
            script(nth).unwrap_or_else(|| ok(&format!(r#"{{"access_token":"t{nth}",{life}}}"#)))
        })
        .await;
        Self { server, seen }
    }

    fn fetches(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    fn request(&self, at: usize) -> String {
        self.seen.lock().unwrap().get(at).cloned().unwrap()
    }

    fn base(&self) -> String {
        format!("http://{}", self.server.address)
    }

    fn entra(&self) -> TokenSource {
        TokenSource::EntraClientSecret {
            authority: self.base(),
            tenant_id: "tenant".into(),
            client_id: "app".into(),
            client_secret: "s&cret".into(),
            scope: "https://cognitiveservices.azure.com/.default".into(),
        }
    }
}

fn upstream(source: TokenSource, surroundings: Surroundings) -> HttpUpstream {
    let settings = UpstreamSettings { credential: Credential::Bearer(source), ..settings(patient()) };
    Transport::with_roots(surroundings, []).unwrap().upstream(settings)
}

/// A provider that answers with the token it was shown.
async fn provider() -> Server {
    Server::answering(|request| {
        let token = request.lines().find_map(|line| line.strip_prefix("authorization: Bearer "));
        ok(token.unwrap_or("none"))
    })
    .await
}

async fn shown(upstream: &HttpUpstream, provider: &Server) -> Result<String, SendError> {
    let body = upstream.send(post(provider.address, "{}"), None).await?.body;
    Ok(String::from_utf8(body.collect(10_000).await?.to_vec()).unwrap())
}

/// Lets `time` pass at once, between calls: while sockets are at work the clock has to run.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn fifty_who_wait_cause_one_fetch_by_the_app_s_secret() {
    let service = TokenService::start(r#""expires_in":3600"#, |_| None).await;
    let provider = provider().await;
    let upstream = upstream(service.entra(), surroundings());
    let all = join_all((0..50).map(|_| shown(&upstream, &provider))).await;
    assert!(all.iter().all(|token| token.as_deref() == Ok("t1")), "{all:?}");
    assert_eq!(service.fetches(), 1);
    let request = service.request(0);
    assert!(request.starts_with("POST /tenant/oauth2/v2.0/token HTTP/1.1\r\n"), "{request}");
    let form = "grant_type=client_credentials&client_id=app&client_secret=s%26cret\
                &scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default";
    assert!(request.ends_with(form), "{request}");
}

#[tokio::test]
async fn a_token_is_renewed_ahead_while_the_old_one_serves() {
    let service = TokenService::start(r#""expires_in":3600"#, |_| None).await;
    let provider = provider().await;
    let upstream = upstream(service.entra(), surroundings());
    assert_eq!(shown(&upstream, &provider).await.unwrap(), "t1");
    pass(Duration::from_mins(54)).await;
    assert_eq!(shown(&upstream, &provider).await.unwrap(), "t1");
    assert_eq!(service.fetches(), 1);
    pass(Duration::from_mins(2)).await;
    assert_eq!(shown(&upstream, &provider).await.unwrap(), "t1", "the caller who finds it due does not wait");
    while shown(&upstream, &provider).await.unwrap() != "t2" {}
    assert_eq!(service.fetches(), 2);
}

#[tokio::test]
async fn an_expired_token_is_not_used() {
    let service = TokenService::start(r#""expires_in":"3600""#, |_| None).await;
    let provider = provider().await;
    let upstream = upstream(service.entra(), surroundings());
    assert_eq!(shown(&upstream, &provider).await.unwrap(), "t1");
    pass(Duration::from_mins(61)).await;
    assert_eq!(shown(&upstream, &provider).await.unwrap(), "t2");
}

#[tokio::test]
async fn a_failure_is_shared_for_a_second_and_then_forgotten() {
    let service = TokenService::start(r#""expires_in":3600"#, |nth| {
        let body = r#"{"error":"invalid_client","error_description":"AADSTS7000215"}"#;
        (nth == 1)
            .then(|| format!("HTTP/1.1 401 Unauthorized\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
    })
    .await;
    let provider = provider().await;
    let upstream = upstream(service.entra(), surroundings());
    let refused = async || {
        let error = shown(&upstream, &provider).await.unwrap_err();
        assert_eq!(error.detail(), "the token service answered 401: invalid_client AADSTS7000215");
    };
    refused().await;
    // The second is answered from memory, without a socket: the clock can stand still, so that the second is not over.
    tokio::time::pause();
    refused().await;
    tokio::time::resume();
    assert_eq!(service.fetches(), 1);
    pass(Duration::from_millis(1100)).await;
    assert_eq!(shown(&upstream, &provider).await.unwrap(), "t2");
}

#[tokio::test]
async fn the_machine_s_identity_is_asked_as_azure_says() {
    let service = TokenService::start(r#""expires_in":"86400""#, |_| None).await;
    let provider = provider().await;
    let source = |client_id: Option<&str>| TokenSource::EntraManagedIdentity {
        client_id: client_id.map(str::to_owned),
        resource: "https://cognitiveservices.azure.com".into(),
    };
    let machine = Surroundings { azure_metadata: Some(service.base()), ..surroundings() };
    assert_eq!(shown(&upstream(source(None), machine), &provider).await.unwrap(), "t1");
    let request = service.request(0);
    let line = "GET /metadata/identity/oauth2/token?resource=https%3A%2F%2Fcognitiveservices.azure.com\
                &api-version=2018-02-01 HTTP/1.1\r\n";
    assert!(request.starts_with(line), "{request}");
    assert!(request.contains("metadata: true\r\n"), "{request}");
    let app_service = Surroundings {
        azure_identity_endpoint: Some(format!("{}/msi/token", service.base())),
        azure_identity_header: Some("proof".into()),
        ..surroundings()
    };
    assert_eq!(shown(&upstream(source(Some("mine")), app_service), &provider).await.unwrap(), "t2");
    let request = service.request(1);
    assert!(request.starts_with("GET /msi/token?resource="), "{request}");
    assert!(request.contains("&client_id=mine&api-version=2019-08-01 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("x-identity-header: proof\r\n"), "{request}");
}

fn file(json: &serde_json::Value) -> TokenSource {
    let json = SecretString::from(json.to_string());
    TokenSource::GoogleCredentials { json, scope: "https://www.googleapis.com/auth/cloud-platform".into() }
}

#[tokio::test]
async fn a_service_account_signs_for_its_own_token_uri() {
    let service = TokenService::start(r#""expires_in":3599"#, |_| None).await;
    let provider = provider().await;
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let uri = format!("{}/own/token", service.base());
    let account = serde_json::json!({"type": "service_account", "client_email": "me@project", "private_key_id": "k1",
        "private_key": key.serialize_pem(), "token_uri": uri, "project_id": "project"});
    assert_eq!(shown(&upstream(file(&account), surroundings()), &provider).await.unwrap(), "t1");
    let request = service.request(0);
    assert!(request.starts_with("POST /own/token HTTP/1.1\r\n"), "{request}");
    let (form, assertion) = request.rsplit_once("&assertion=").unwrap();
    assert!(form.ends_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"), "{form}");
    let claims = jsonwebtoken::dangerous::insecure_decode::<serde_json::Value>(assertion).unwrap();
    assert_eq!(
        (claims.header.alg, claims.header.kid.as_deref()),
        (jsonwebtoken::Algorithm::RS256, Some("k1"))
    );
    let iat = (surroundings().now)().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let expected = serde_json::json!({"iss": "me@project", "aud": uri, "iat": iat, "exp": iat + 3600,
        "scope": "https://www.googleapis.com/auth/cloud-platform"});
    assert_eq!(claims.claims, expected);
}

#[tokio::test]
async fn google_s_default_is_the_named_file_then_gcloud_s_own_then_the_machine() {
    let service = TokenService::start(r#""expires_in":3599"#, |_| None).await;
    let provider = provider().await;
    let folder = tempfile::tempdir().unwrap();
    let default = || TokenSource::GoogleDefault { scope: "scope".into() };
    let host = service.server.address.to_string();
    let around = || Surroundings {
        gcloud: Some(folder.path().to_owned()),
        google_metadata_host: Some(host.clone()),
        ..surroundings()
    };
    assert_eq!(shown(&upstream(default(), around()), &provider).await.unwrap(), "t1");
    let line = "GET /computeMetadata/v1/instance/service-accounts/default/token?scopes=scope HTTP/1.1\r\n";
    assert!(service.request(0).starts_with(line), "{}", service.request(0));
    assert!(service.request(0).contains("metadata-flavor: Google\r\n"));
    let user = serde_json::json!({"type": "authorized_user", "client_id": "c", "client_secret": "s",
        "refresh_token": "r", "token_uri": format!("{}/user", service.base())});
    let path = folder.path().join("application_default_credentials.json");
    std::fs::write(&path, user.to_string()).unwrap();
    assert_eq!(shown(&upstream(default(), around()), &provider).await.unwrap(), "t2");
    assert!(service.request(1).starts_with("POST /user HTTP/1.1\r\n"));
    let form = "grant_type=refresh_token&client_id=c&client_secret=s&refresh_token=r";
    assert!(service.request(1).ends_with(form), "{}", service.request(1));
    let missing = Surroundings { google_credentials: Some(folder.path().join("absent.json")), ..around() };
    let error = shown(&upstream(default(), missing), &provider).await.unwrap_err();
    assert!(error.detail().starts_with("there is no file"), "{error:?}");
}

#[tokio::test]
async fn other_kinds_of_files_are_refused_and_secrets_are_not_shown() {
    let provider = provider().await;
    let other = serde_json::json!({"type": "external_account", "secret": "hush"});
    let upstream = upstream(file(&other), surroundings());
    let error = shown(&upstream, &provider).await.unwrap_err();
    assert!(error.detail().contains("are not supported"), "{error:?}");
    assert!(!format!("{upstream:?} {error:?} {error}").contains("hush"));
}
