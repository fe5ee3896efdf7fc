//! The gateway as an operator sees it: configuration that changes, HTTPS, shutting down, secrets that stay secret.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends where it cannot go on")]

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;

use lattice_testkit::client;
use lattice_testkit::gateway::{Gateway, eventually, new_folder};
use lattice_testkit::stage::{Stage, checked_stream, text};
use lattice_testkit::upstream::ScriptedProvider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

fn small(upstream: &ScriptedProvider, model: &str) -> String {
    let endpoint = upstream.url("/openai/v1");
    format!(
        "providers:\n  main: {{type: openai, api_key: canary-7f3a, endpoint: '{endpoint}'}}\n\
         models:\n  - {{name: {model}, provider: main, provider_model_id: script-text}}\n"
    )
}

fn serves(gateway: &Gateway, model: &str) -> Option<()> {
    let list = client::get(gateway.address(), "/v1/models").ok()?.json();
    list["data"].as_array()?.iter().any(|known| known["id"] == model).then_some(())
}

#[test]
fn d7_a_changed_file_is_taken_over_by_itself() {
    let upstream = ScriptedProvider::start().unwrap();
    let gateway = Gateway::start(PROGRAM, &small(&upstream, "old")).unwrap();
    serves(&gateway, "old").unwrap();
    fs::write(gateway.config(), small(&upstream, "new")).unwrap();
    eventually(|| serves(&gateway, "new")).unwrap_or_else(|| panic!("{}", gateway.logs()));
    assert!(serves(&gateway, "old").is_none());
}

#[test]
fn d7_a_hangup_reloads_and_a_wrong_file_changes_nothing() {
    let upstream = ScriptedProvider::start().unwrap();
    let gateway = Gateway::start(PROGRAM, &small(&upstream, "old")).unwrap();
    fs::write(gateway.config(), "providers: [this is wrong").unwrap();
    gateway.signal("HUP").unwrap();
    let said = |word: &str| gateway.logs().to_lowercase().contains(word).then_some(());
    eventually(|| said("config")).unwrap_or_else(|| panic!("{}", gateway.logs()));
    serves(&gateway, "old").unwrap();
    fs::write(gateway.config(), small(&upstream, "new")).unwrap();
    gateway.signal("HUP").unwrap();
    eventually(|| serves(&gateway, "new")).unwrap_or_else(|| panic!("{}", gateway.logs()));
}

#[test]
fn d7_files_that_are_swapped_away_and_keys_in_files_are_taken_over() {
    let upstream = ScriptedProvider::start().unwrap();
    let folder = new_folder().unwrap();
    let endpoint = upstream.url("/openai/v1");
    for version in ["old", "new"] {
        fs::create_dir(folder.join(version)).unwrap();
        fs::write(folder.join(version).join("key"), format!("key-of-{version}\n")).unwrap();
    }
    std::os::unix::fs::symlink("old", folder.join("keys")).unwrap();
    let yaml = format!(
        "providers:\n  main: {{type: openai, api_key_file: keys/key, endpoint: '{endpoint}'}}\n\
         models:\n  - {{name: m, provider: main, provider_model_id: script-text}}\n"
    );
    let gateway = Gateway::start_in(PROGRAM, folder.clone(), &yaml).unwrap();
    let sends = |key: &str| {
        client::post(gateway.address(), "/v1/responses", &json!({"model": "m", "input": "x"})).ok()?;
        upstream.requests().last()?.to_string().contains(key).then_some(())
    };
    sends("key-of-old").unwrap();
    std::os::unix::fs::symlink("new", folder.join("keys-next")).unwrap();
    fs::rename(folder.join("keys-next"), folder.join("keys")).unwrap();
    eventually(|| sends("key-of-new")).unwrap_or_else(|| panic!("{}", gateway.logs()));
}

/// A new certificate with its key in this folder; its trust.
fn certify(folder: &std::path::Path) -> RootCertStore {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    roots
}

/// A connection over TLS by this trust.
fn secure(gateway: &Gateway, roots: RootCertStore) -> StreamOwned<ClientConnection, TcpStream> {
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    StreamOwned::new(connection, TcpStream::connect(gateway.address()).unwrap())
}

#[test]
fn https_is_spoken_with_the_configured_certificate_and_with_its_successor() {
    let upstream = ScriptedProvider::start().unwrap();
    let folder = new_folder().unwrap();
    let roots = certify(&folder);
    let yaml = format!(
        "server:\n  tls: {{certificate_file: cert.pem, key_file: key.pem}}\n{}",
        small(&upstream, "secure")
    );
    let gateway = Gateway::start_in(PROGRAM, folder.clone(), &yaml).unwrap();
    let stream = secure(&gateway, roots.clone());
    let body = json!({"model": "secure", "input": "x", "stream": true}).to_string();
    let headers = [("content-type", "application/json")];
    let mut open = client::over(stream, "POST", "/v1/responses", &headers, body.as_bytes()).unwrap();
    let answer = open.read_rest().unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(text(&checked_stream(&answer.text()).unwrap()).contains("you said: x"));

    let health = |roots: &RootCertStore| {
        let stream = secure(&gateway, roots.clone());
        let mut answer = client::over(stream, "GET", "/health", &[], b"").ok()?;
        answer.read_rest().ok().filter(|answer| answer.status == 200).map(|_| ())
    };
    // A wrong configuration does not hold the certificate up.
    fs::write(gateway.config(), "providers: [this is wrong").unwrap();
    fs::write(folder.join("key.pem"), "not a key").unwrap();
    let said = |words: &str| gateway.logs().contains(words).then_some(());
    eventually(|| said("the certificate was not renewed")).unwrap_or_else(|| panic!("{}", gateway.logs()));
    health(&roots).unwrap();
    let renewed = certify(&folder);
    eventually(|| health(&renewed)).unwrap_or_else(|| panic!("{}", gateway.logs()));
    assert!(health(&roots).is_none(), "the certificate before is still shown");
}

#[test]
fn e5_a_running_stream_ends_properly_when_the_gateway_is_told_to_stop() {
    let mut stage = Stage::start(PROGRAM, "server: {shutdown_timeout: 500ms}\n").unwrap();
    let body = json!({"model": "openai.forever-paced", "input": "x", "stream": true}).to_string();
    let headers = [("content-type", "application/json")];
    let mut open = client::open(stage.address(), "POST", "/v1/responses", &headers, body.as_bytes()).unwrap();
    assert!(open.read_until("response.output_text.delta").unwrap());
    stage.gateway.signal("TERM").unwrap();
    let answer = open.read_rest().unwrap();
    let response = checked_stream(&answer.text()).unwrap();
    assert_eq!(response["status"], "failed", "{response}");
    assert_eq!(stage.gateway.exit_code().unwrap(), Some(0), "{}", stage.gateway.logs());
}

#[test]
fn e5_a_short_stream_may_finish() {
    let mut stage = Stage::start(PROGRAM, "").unwrap();
    let body = json!({"model": "openai.held", "input": "x", "stream": true}).to_string();
    let headers = [("content-type", "application/json")];
    let mut open = client::open(stage.address(), "POST", "/v1/responses", &headers, body.as_bytes()).unwrap();
    assert!(open.read_until("response.created").unwrap());
    stage.gateway.signal("TERM").unwrap();
    stage.upstream.release();
    let response = checked_stream(&open.read_rest().unwrap().text()).unwrap();
    assert_eq!(response["status"], "completed", "{response}");
    assert_eq!(stage.gateway.exit_code().unwrap(), Some(0));
}

#[test]
fn a10_a_secret_is_in_no_output() {
    let upstream = ScriptedProvider::start().unwrap();
    let gateway = Gateway::start(PROGRAM, &small(&upstream, "m")).unwrap();
    let mut outputs = Vec::new();
    for path in ["/health", "/ready", "/v1/models", "/openapi.json", "/docs", "/nothing"] {
        outputs.push(client::get(gateway.address(), path).unwrap().text());
    }
    outputs.push(
        client::post(gateway.address(), "/v1/responses", &json!({"model": "m", "input": "x"}))
            .unwrap()
            .text(),
    );
    outputs.push(
        client::post(gateway.address(), "/v1/responses", &json!({"model": "n", "input": "x"}))
            .unwrap()
            .text(),
    );
    outputs.push(gateway.logs());
    assert!(
        upstream.requests().iter().any(|request| request.to_string().contains("canary-7f3a")),
        "the key is not used"
    );
    for output in outputs {
        assert!(!output.contains("canary-7f3a"), "{output}");
    }
}

#[test]
fn c13_a_head_that_never_ends_is_refused() {
    let upstream = ScriptedProvider::start().unwrap();
    let gateway = Gateway::start(PROGRAM, &small(&upstream, "m")).unwrap();
    let mut stream = TcpStream::connect(gateway.address()).unwrap();
    let line = format!("x-filler: {}\r\n", "y".repeat(1000));
    let mut refused = stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n").is_err();
    for _ in 0..100_000 {
        if refused {
            break;
        }
        refused = stream.write_all(line.as_bytes()).is_err();
    }
    assert!(refused, "a hundred megabytes of headers were taken");
    assert!(client::get(gateway.address(), "/health").is_ok());
}
