//! A gateway that starts, stops, has other replicas, and is attacked.

use std::time::Duration;

use lattice_testkit::client::{self, Received};
use lattice_testkit::gateway::{eventually, timed};
use lattice_testkit::postgres::Postgres;
use lattice_testkit::stage::Stage;
use serde_json::{Value, json};

use crate::stage::{KEYS, OPERATOR, PROGRAM, ask, key, make, refused, send, send_with, stage};

#[test]
fn a9_the_first_key_is_shown_once_and_lets_its_finder_administer() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let shown = |logs: &str| {
        logs.lines().find(|line| line.trim().starts_with("llm-")).map(|line| line.trim().to_owned())
    };
    let first = eventually(|| shown(&stage.gateway.logs())).unwrap();
    let list = send(&stage, &first, "GET", "/api/v1/keys", &Value::Null);
    assert_eq!((list.status, &list.json()["data"][0]["role"]), (200, &json!("operator")), "{}", list.text());
    // On this machine nobody has to show a key to ask, and who shows none administers nothing.
    assert_eq!(ask(&stage, "anything").status, 200);
    for key in ["anything", "llm-00000000000000000000000000000000"] {
        assert_eq!(send(&stage, key, "GET", "/api/v1/keys", &Value::Null).status, 401);
    }
    let with_key = Stage::start(PROGRAM, KEYS).unwrap();
    assert_eq!(
        send(&with_key, OPERATOR, "GET", "/api/v1/audit", &Value::Null).json()["data"],
        json!([]),
        "nothing was made where there is an operator"
    );
    assert_eq!(shown(&with_key.gateway.logs()), None);
}

#[test]
fn a4_a_change_is_in_force_on_every_replica_within_a_second() {
    let server = Postgres::start().unwrap();
    let yaml = format!("database: {{url: '{}'}}\n{KEYS}", server.database().unwrap());
    let (one, other) = (Stage::start(PROGRAM, &yaml).unwrap(), Stage::start(PROGRAM, &yaml).unwrap());
    let made = make(&one, OPERATOR, "/api/v1/keys", &json!({"name": "x"}));
    let (path, text) =
        (format!("/api/v1/keys/{}", made["id"].as_str().unwrap()), made["key"].as_str().unwrap());
    assert_eq!(
        (ask(&one, text).status, ask(&other, text).status),
        (200, 200),
        "a new key counts everywhere at once"
    );
    let mut slowest = Duration::ZERO;
    for round in 0..5 {
        let models = if round % 2 == 0 { json!([]) } else { Value::Null };
        assert_eq!(send(&one, OPERATOR, "PATCH", &path, &json!({"models": models})).status, 200);
        let wanted = if round % 2 == 0 { 403 } else { 200 };
        assert_eq!(ask(&one, text).status, wanted, "at once where it was made");
        let ((), took) = timed(|| eventually(|| (ask(&other, text).status == wanted).then_some(())).unwrap());
        slowest = slowest.max(took);
    }
    println!("the slowest of five changes was in force on the other replica after {slowest:?}");
    // A6: while the database is away, what is known counts, and what is not known is not refused for good.
    server.stop();
    eventually(|| {
        (client::get(other.address(), "/ready").unwrap().json()["status"] == "degraded").then_some(())
    })
    .unwrap();
    let body = json!({"model": "openai.script-text", "input": "x", "store": false});
    let asked = |key: &str| send(&other, key, "POST", "/v1/responses", &body);
    let known = asked(text);
    assert_eq!(known.json()["error"]["code"], "model_not_allowed", "{}", known.text());
    let unknown = asked("llm-00000000000000000000000000000000");
    assert_eq!(refused(&unknown), (503, "identity_unavailable".to_owned(), Value::Null));
    assert!(unknown.header("retry-after").is_some());
    assert_eq!(
        refused(&send(&other, OPERATOR, "GET", "/api/v1/keys", &Value::Null)).1,
        "storage_unavailable"
    );
    server.resume().unwrap();
    eventually(|| {
        (send(&other, OPERATOR, "PATCH", &path, &json!({"models": null})).status == 200).then_some(())
    })
    .unwrap();
    assert_eq!(asked(text).status, 200);
}

#[test]
fn a6_it_is_noted_when_a_key_was_used() {
    let mut stage = stage();
    let made = make(&stage, OPERATOR, "/api/v1/keys", &json!({"name": "x"}));
    assert_eq!(ask(&stage, made["key"].as_str().unwrap()).status, 200);
    let path = format!("/api/v1/keys/{}", made["id"].as_str().unwrap());
    assert_eq!(
        send(&stage, OPERATOR, "GET", &path, &Value::Null).json()["last_used_at"],
        Value::Null,
        "no write for a request"
    );
    stage.gateway.restart(PROGRAM).unwrap();
    let used = send(&stage, OPERATOR, "GET", &path, &Value::Null).json()["last_used_at"].clone();
    assert!(used.is_string(), "{used}");
}

#[test]
fn a8_the_administration_is_open_only_to_its_addresses() {
    let yaml = format!("server: {{trusted_proxies: [127.0.0.1], admin_ip_ranges: ['192.0.2.0/24']}}\n{KEYS}");
    let stage = Stage::start(PROGRAM, &yaml).unwrap();
    let from = |address: &str| {
        let list =
            send_with(&stage, OPERATOR, "GET", "/api/v1/keys", &Value::Null, &[("x-forwarded-for", address)]);
        refused(&list)
    };
    assert_eq!(from("192.0.2.7").0, 200);
    assert_eq!(from("198.51.100.7").1, "address_not_allowed");
    assert_eq!(from("192.0.2.7, 198.51.100.7").1, "address_not_allowed", "only what the proxy wrote itself");
    assert_eq!(send(&stage, OPERATOR, "GET", "/api/v1/keys", &Value::Null).status, 403);
    assert_eq!(ask(&stage, OPERATOR).status, 200, "the rest is open");
    assert!(stage.gateway.logs().contains("198.51.100.7"), "the log says who it was");
}

#[test]
fn a7_whoever_tries_keys_has_to_wait() {
    let stage = stage();
    let valid = key(&stage, OPERATOR, &json!({"name": "x"}));
    assert_eq!(ask(&stage, &valid).status, 200);
    let answers: Vec<Received> = (0..260)
        .map(|number| send(&stage, &format!("llm-{number:032}"), "GET", "/v1/models", &Value::Null))
        .collect();
    let refusals = answers.iter().filter(|answer| answer.status == 429).count();
    assert!(refusals > 20, "{refusals}");
    let last = answers.iter().rfind(|answer| answer.status == 429).unwrap();
    assert_eq!(refused(last).1, "too_many_failed_attempts");
    assert!(last.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!([&valid, OPERATOR].map(|key| ask(&stage, key).status), [200, 200], "valid keys go on");
}
