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
