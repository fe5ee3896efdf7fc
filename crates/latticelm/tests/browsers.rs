//! What a browser and a proxy on the way need: CORS, and comments on streams that are quiet.

#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use lattice_testkit::client;
use lattice_testkit::gateway::Gateway;
use lattice_testkit::stage::{Stage, checked_stream};
use serde_json::json;

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");
const DEMO: &str = "providers:\n  demo: {type: demo}\n";

fn demo(server: &str) -> Gateway {
    Gateway::start(PROGRAM, &format!("{server}{DEMO}")).unwrap()
}

fn preflight(gateway: &Gateway, origin: &str) -> client::Received {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type"),
    ];
    client::send(gateway.address(), "OPTIONS", "/v1/responses", &headers, b"").unwrap()
}

#[test]
fn an_allowed_origin_may_call_and_another_may_not() {
    let gateway = demo("server:\n  cors: {allowed_origins: ['https://app.example.com'], max_age: 10m}\n");
    let answer = preflight(&gateway, "https://app.example.com");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert_eq!(answer.header("access-control-max-age"), Some("600"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("authorization,content-type"));
    assert!(answer.header("x-request-id").is_some());
    assert_eq!(preflight(&gateway, "https://evil.example.com").header("access-control-allow-origin"), None);

    let headers = [("origin", "https://app.example.com"), ("content-type", "application/json")];
    let body = json!({"model": "demo", "input": "x"}).to_string();
    let answer = client::send(gateway.address(), "POST", "/v1/responses", &headers, body.as_bytes()).unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example.com"));
    let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
    assert!(exposed.contains("x-request-id"), "{exposed}");
}

#[test]
fn every_origin_may_call_when_the_file_says_so_and_none_by_default() {
    let open = demo("server:\n  cors: {allowed_origins: ['*']}\n");
    let answer = preflight(&open, "https://anything.example.com");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let closed = demo("");
    assert_eq!(
        preflight(&closed, "https://anything.example.com").header("access-control-allow-origin"),
        None
    );
}

#[test]
fn c10_a_quiet_stream_gets_comments_that_clients_skip() {
    let stage = Stage::start(PROGRAM, "server: {heartbeat: 20ms}\n").unwrap();
    let body = json!({"model": "openai.fault-stall-3", "input": "x", "stream": true}).to_string();
    let headers = [("content-type", "application/json")];
    let mut open = client::open(stage.address(), "POST", "/v1/responses", &headers, body.as_bytes()).unwrap();
    assert!(open.read_until("\n: ").unwrap(), "a comment comes");
    let answer = open.read_rest().unwrap();
    let response = checked_stream(&answer.text()).unwrap();
    assert_eq!(response["status"], "failed", "the provider's silence ends the stream all the same");
}

#[test]
fn a9_without_keys_no_foreign_page_gets_an_answer() {
    let ask = |gateway: &Gateway, headers: &[(&str, &str)]| {
        let body = br#"{"model": "demo", "input": "x"}"#;
        let answer = raw(gateway, "POST /v1/responses", headers, body);
        (answer.status, answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let json = ("content-type", "application/json");
    let gateway = demo("");
    let port = gateway.address().port();
    let own = format!("http://localhost:{port}");
    let here = format!("localhost:{port}");
    assert_eq!(ask(&gateway, &[("host", &here), json]).0, 200);
    assert_eq!(ask(&gateway, &[("host", &here), ("origin", &own), json]).0, 200, "a page of its own");
    // A name that leads here by the page's own DNS.
    assert_eq!(ask(&gateway, &[("host", "evil.example"), json]), (403, "host_not_allowed".to_owned()));
    assert_eq!(
        ask(&gateway, &[("host", "evil.example"), ("origin", "http://evil.example"), json]),
        (403, "host_not_allowed".to_owned())
    );
    for origin in ["https://evil.example", "null", "http://localhost:1"] {
        assert_eq!(
            ask(&gateway, &[("host", &here), ("origin", origin), json]),
            (403, "origin_not_allowed".to_owned())
        );
    }
    // What browsers send to any host without asking it first.
    assert_eq!(ask(&gateway, &[("host", &here), ("origin", &own)]).0, 415);
    assert_eq!(ask(&gateway, &[("host", &here), ("origin", &own), ("content-type", "text/plain")]).0, 415);
    assert_eq!(ask(&gateway, &[("host", &here)]).0, 200, "a program that says no type");
    let named = demo(
        "server:\n  allowed_hosts: [gateway.internal]\n  cors: {allowed_origins: ['https://app.example.com']}\n",
    );
    assert_eq!(ask(&named, &[("host", "gateway.internal"), json]).0, 200);
    assert_eq!(
        ask(&named, &[("host", "gateway.internal"), ("origin", "https://app.example.com"), json]).0,
        200
    );
    // Whoever shows no key is as much to be asked where some have one.
    let mixed = demo("auth: {allow_anonymous: true, keys: [{name: a, key: 0123456789abcdef}]}\n");
    assert_eq!(ask(&mixed, &[("host", "evil.example"), json]).0, 403);
    assert_eq!(
        ask(&mixed, &[("host", "any.example"), ("authorization", "Bearer 0123456789abcdef"), json]).0,
        200
    );
    let keyed = demo("auth: {keys: [{name: a, key: 0123456789abcdef}]}\n");
    let bearer = ("authorization", "Bearer 0123456789abcdef");
    assert_eq!(
        ask(&keyed, &[("host", "any.example"), bearer, json]).0,
        200,
        "whoever has a key may come by any name"
    );
}

/// Sends these headers and no others.
fn raw(gateway: &Gateway, line: &str, headers: &[(&str, &str)], body: &[u8]) -> client::Received {
    use std::io::{Read, Write};
    let mut head = format!("{line} HTTP/1.1\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
    for (name, value) in headers {
        head.push_str(name);
        head.push_str(": ");
        head.push_str(value);
        head.push_str("\r\n");
    }
    let mut stream = std::net::TcpStream::connect(gateway.address()).unwrap();
    stream.write_all(&[head.as_bytes(), b"\r\n", body].concat()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    client::Received { status, headers: Vec::new(), body: body.as_bytes().to_vec(), whole: true }
}
