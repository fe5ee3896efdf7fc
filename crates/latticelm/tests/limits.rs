//! Limits: how many requests, tokens and streams somebody gets, and what they are told.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::thread;

use lattice_testkit::client::{self, Received};
use lattice_testkit::gateway::eventually;
use lattice_testkit::stage::Stage;
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

/// Two keys of one tenant and one of another; `more` stands beside them.
fn stage(more: &str) -> Stage {
    let key = |name: &str, tenant: &str, role: &str| {
        format!("{{name: {name}, key: the-words-of-{name}, tenant_id: {tenant}, role: {role}}}")
    };
    let keys = [
        key("root", "default", "operator"),
        key("anne", "acme", "member"),
        key("bert", "acme", "admin"),
        key("carl", "other", "admin"),
    ];
    Stage::start(PROGRAM, &format!("auth: {{keys: [{}]}}\n{more}", keys.join(", "))).unwrap()
}

fn send(stage: &Stage, who: &str, method: &str, path: &str, body: &Value) -> Received {
    let bearer = format!("Bearer the-words-of-{who}");
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    let text = if body.is_null() { String::new() } else { body.to_string() };
    client::send(stage.address(), method, path, &headers, text.as_bytes()).unwrap()
}

fn ask(stage: &Stage, who: &str) -> Received {
    send(stage, who, "POST", "/v1/responses", &json!({"model": "openai.script-text", "input": "x"}))
}

fn codes(answers: &[Received], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[test]
fn b6_a_limit_that_is_reached_is_a_429_that_says_when_to_come_again() {
    let stage = stage("limits: [{level: key, requests_per_minute: 3}]\n");
    for left in ["2", "1", "0"] {
        let answer = ask(&stage, "anne");
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("x-ratelimit-limit-requests"), Some("3"));
        assert_eq!(answer.header("x-ratelimit-remaining-requests"), Some(left));
        assert!(answer.header("x-ratelimit-reset-requests").unwrap().ends_with('s'));
    }
    let asked = stage.upstream.counts().requests;
    let refused = ask(&stage, "anne");
    let error = refused.json()["error"].clone();
    assert_eq!(
        (refused.status, &error["type"], &error["code"]),
        (429, &json!("too_many_requests"), &json!("rate_limit_exceeded")),
        "{error}"
    );
    assert!(error["message"].as_str().unwrap().contains("3 requests a minute for this key"), "{error}");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(refused.header("x-ratelimit-remaining-requests"), Some("0"));
    let streamed = send(
        &stage,
        "anne",
        "POST",
        "/v1/responses",
        &json!({"model": "openai.script-text", "input": "x", "stream": true}),
    );
    assert_eq!(streamed.status, 429, "before the stream begins");
    assert_eq!(
        send(
            &stage,
            "anne",
            "POST",
            "/v1/responses/input_tokens",
            &json!({"model": "openai.script-text", "input": "x"})
        )
        .status,
        429,
        "B1"
    );
    assert_eq!(stage.upstream.counts().requests, asked, "no provider was asked");
    assert_eq!(ask(&stage, "bert").status, 200, "each key has its own");
    assert_eq!(
        send(&stage, "anne", "GET", "/v1/models", &Value::Null).status,
        200,
        "what asks no model is free"
    );
}

#[test]
fn b3_of_a_thousand_at_once_exactly_as_many_are_admitted_as_there_are() {
    let stage = stage("limits: [{level: tenant, subject_id: acme, requests_per_minute: 40}]\n");
    let answers: Vec<Received> = thread::scope(|scope| {
        let asking: Vec<_> = (0..20)
            .map(|number| {
                let who = if number % 2 == 0 { "anne" } else { "bert" };
                let stage = &stage;
                scope.spawn(move || (0..50).map(|_| ask(stage, who)).collect::<Vec<_>>())
            })
            .collect();
        asking.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });
    assert_eq!((codes(&answers, 200), codes(&answers, 429)), (40, 960));
    assert_eq!(ask(&stage, "carl").status, 200);
}

#[test]
fn a_failed_request_counts_and_one_that_is_wrong_does_not() {
    let stage = stage("limits: [{level: global, requests_per_day: 2}]\n");
    for _ in 0..5 {
        let wrong = send(
            &stage,
            "anne",
            "POST",
            "/v1/responses",
            &json!({"model": "openai.script-text", "input": 7}),
        );
        assert_eq!(wrong.status, 400);
        assert_eq!(
            send(&stage, "anne", "POST", "/v1/responses", &json!({"model": "none", "input": "x"})).status,
            404
        );
    }
    let failed =
        send(&stage, "anne", "POST", "/v1/responses", &json!({"model": "openai.fault-500", "input": "x"}));
    assert!(failed.status >= 500, "{}", failed.text());
    assert_eq!([ask(&stage, "bert").status, ask(&stage, "carl").status], [200, 429]);
}

#[test]
fn b2_tokens_are_settled_by_what_the_provider_told() {
    let stage = stage(
        "limits: [{level: user}, {level: key, tokens_per_day: 2000}]\n"
            .replace("{level: user}, ", "")
            .as_str(),
    );
    let answer = ask(&stage, "anne");
    let spent = answer.json()["usage"]["total_tokens"].as_u64().unwrap();
    let left =
        |answer: &Received| answer.header("x-ratelimit-remaining-tokens").unwrap().parse::<u64>().unwrap();
    // Reserved: a letter of input, and the output that a turn is taken to need.
    assert!(left(&answer) < 2000 - 512, "{}", left(&answer));
    let second = ask(&stage, "anne");
    assert_eq!(left(&answer) - left(&second), spent, "the first was settled");
    // One that reserves more than is left waits for tomorrow, and one that takes what is left goes.
    let large = json!({"model": "openai.script-text", "input": "x", "max_output_tokens": 2000});
    let refused = send(&stage, "anne", "POST", "/v1/responses", &large);
    assert_eq!(
        (refused.status, refused.json()["error"]["code"].as_str()),
        (429, Some("rate_limit_exceeded"))
    );
    assert!(refused.text().contains("2000 tokens a day"), "{}", refused.text());
    let failed =
        send(&stage, "bert", "POST", "/v1/responses", &json!({"model": "openai.fault-500", "input": "x"}));
    assert!(failed.status >= 500);
    let after = ask(&stage, "bert");
    assert_eq!(left(&after), left(&answer), "what failed before it began cost no tokens");
}

#[test]
fn b2_a_stream_holds_its_slot_until_it_is_over() {
    let stage = stage("limits: [{level: key, concurrency: 2}]\n");
    let held = |who: &str| {
        let bearer = format!("Bearer the-words-of-{who}");
        let body = json!({"model": "openai.held", "input": "x", "stream": true}).to_string();
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        client::open(stage.address(), "POST", "/v1/responses", &headers, body.as_bytes()).unwrap()
    };
    let (mut one, two) = (held("anne"), held("anne"));
    assert_eq!((one.answer().status, two.answer().status), (200, 200));
    let refused = ask(&stage, "anne");
    assert_eq!(
        (refused.status, refused.json()["error"]["code"].as_str()),
        (429, Some("concurrency_limit_exceeded")),
        "{}",
        refused.text()
    );
    assert!(refused.header("retry-after").is_some());
    assert_eq!(ask(&stage, "bert").status, 200);
    // A client that goes gives its slot back, and so does one whose answer is whole (C11).
    drop(two);
    eventually(|| (ask(&stage, "anne").status == 200).then_some(())).unwrap();
    stage.upstream.release();
    one.read_rest().unwrap();
    assert_eq!((0..10).map(|_| ask(&stage, "anne")).filter(|answer| answer.status == 200).count(), 10);
}

#[test]
fn limits_are_set_and_changed_while_the_gateway_runs() {
    let stage = stage("");
    assert!(ask(&stage, "anne").header("x-ratelimit-limit-requests").is_none(), "nothing is limited");
    let made = send(
        &stage,
        "root",
        "POST",
        "/api/v1/limits",
        &json!({"level": "key", "subject_id": "file_anne", "requests_per_day": 2}),
    );
    assert_eq!(made.status, 201, "{}", made.text());
    let path = format!("/api/v1/limits/{}", made.json()["id"].as_str().unwrap());
    let header = |answer: &Received| answer.header("x-ratelimit-limit-requests").map(str::to_owned);
    eventually(|| {
        (header(&ask(&stage, "bert")).is_none() && ask(&stage, "anne").status == 429).then_some(())
    })
    .unwrap();
    let changed = send(&stage, "root", "PATCH", &path, &json!({"requests_per_day": 50, "concurrency": 5}));
    assert_eq!((changed.status, &changed.json()["version"]), (200, &json!(2)), "{}", changed.text());
    eventually(|| (ask(&stage, "anne").status == 200).then_some(())).unwrap();
    // What was counted stays.
    let left: u64 = ask(&stage, "anne").header("x-ratelimit-remaining-requests").unwrap().parse().unwrap();
    assert!(left < 47, "{left}");
    assert_eq!(send(&stage, "root", "DELETE", &path, &Value::Null).status, 200);
    eventually(|| header(&ask(&stage, "anne")).is_none().then_some(())).unwrap();
    // The same from the file.
    let file = stage.gateway.config();
    let yaml = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        format!("limits: [{{level: model, subject_id: openai.script-text, requests_per_day: 7}}]\n{yaml}"),
    )
    .unwrap();
    eventually(|| (header(&ask(&stage, "bert")).as_deref() == Some("7")).then_some(())).unwrap();
    let list = send(&stage, "root", "GET", "/api/v1/limits", &Value::Null).json();
    assert_eq!(
        (&list["data"][0]["origin"], &list["data"][0]["requests_per_day"]),
        (&json!("file"), &json!(7)),
        "{list}"
    );
    let id = list["data"][0]["id"].as_str().unwrap();
    assert_eq!(
        send(&stage, "root", "DELETE", &format!("/api/v1/limits/{id}"), &Value::Null).json()["error"]["code"],
        "owned_by_file"
    );
    let key = send(
        &stage,
        "root",
        "POST",
        "/api/v1/keys",
        &json!({"name": "held", "limits": {"requests_per_day": 1}}),
    )
    .json();
    let bearer = format!("Bearer {}", key["key"].as_str().unwrap());
    let with_key = || {
        let body = json!({"model": "openai.script-tool", "input": "x"}).to_string();
        client::send(stage.address(), "POST", "/v1/responses", &[("authorization", &bearer)], body.as_bytes())
            .unwrap()
            .status
    };
    assert_eq!([with_key(), with_key()], [200, 429]);
    assert_eq!(key["limits"]["requests_per_day"], 1, "{key}");
}

#[test]
fn a3_an_admin_limits_those_of_the_own_tenant_and_lifts_nothing_that_is_set_above() {
    let stage = stage("");
    let set = |who: &str, body: Value| {
        let made = send(&stage, who, "POST", "/api/v1/limits", &body);
        (made.status, made.json()["id"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(set("bert", json!({"level": "key", "subject_id": "file_anne", "concurrency": 1})).0, 201);
    for (who, body, status) in [
        ("bert", json!({"level": "key", "subject_id": "file_carl", "concurrency": 1}), 400),
        ("bert", json!({"level": "key", "concurrency": 1}), 403),
        ("bert", json!({"level": "tenant", "subject_id": "acme", "concurrency": 1}), 403),
        ("bert", json!({"level": "global", "concurrency": 1}), 403),
        ("bert", json!({"level": "model", "subject_id": "m", "concurrency": 1}), 403),
        ("anne", json!({"level": "key", "subject_id": "file_anne", "concurrency": 1}), 403),
        ("root", json!({"level": "global", "subject_id": "x", "concurrency": 1}), 400),
        ("root", json!({"level": "key", "subject_id": "nobody", "concurrency": 1}), 400),
        ("root", json!({"level": "tenant"}), 400),
        ("root", json!({"level": "tenant", "concurrency": -1}), 400),
        ("root", json!({"level": "tenant", "concurrency": 1.5}), 400),
        ("root", json!({"level": "planet", "concurrency": 1}), 400),
    ] {
        assert_eq!(set(who, body.clone()).0, status, "{who} {body}");
    }
    let (_, above) = set("root", json!({"level": "key", "subject_id": "file_anne", "requests_per_day": 10}));
    let path = format!("/api/v1/limits/{above}");
    assert_eq!(send(&stage, "bert", "GET", &path, &Value::Null).status, 200);
    assert_eq!(send(&stage, "bert", "DELETE", &path, &Value::Null).json()["error"]["code"], "role_too_high");
    assert_eq!(send(&stage, "carl", "GET", &path, &Value::Null).status, 404);
    let seen = send(&stage, "carl", "GET", "/api/v1/limits", &Value::Null).json();
    assert_eq!(seen["data"], json!([]));
}

#[test]
fn the_short_form_holds_each_address_to_a_pace() {
    let stage =
        Stage::start(PROGRAM, "rate_limit: {enabled: true}\nserver: {trusted_proxies: [127.0.0.1]}\n")
            .unwrap();
    let from = |address: &str| {
        let body = json!({"model": "openai.script-text", "input": "x"}).to_string();
        let headers = [("content-type", "application/json"), ("x-forwarded-for", address)];
        client::send(stage.address(), "POST", "/v1/responses", &headers, body.as_bytes()).unwrap()
    };
    let first = from("192.0.2.1");
    assert_eq!(
        (first.header("x-ratelimit-limit-requests"), first.header("x-ratelimit-remaining-requests")),
        (Some("10"), Some("19"))
    );
    eventually(|| (from("192.0.2.1").status == 429).then_some(())).unwrap();
    assert_eq!(from("192.0.2.2").status, 200);
    eventually(|| (from("192.0.2.1").status == 200).then_some(())).unwrap();
}
