//! The store through the real binary: away, back, forgetting in time, and kept secret.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use lattice_testkit::client::{self, Received};
use lattice_testkit::gateway::eventually;
use lattice_testkit::postgres::Postgres;
use lattice_testkit::stage::{Stage, checked_stream};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

fn get(stage: &Stage, path: &str) -> Received {
    client::get(stage.address(), path).unwrap()
}

/// A stage on a database of this server.
fn on(server: &Postgres, more: &str) -> Stage {
    let url = server.database().unwrap();
    Stage::start(PROGRAM, &format!("database: {{url: '{url}'}}\n{more}")).unwrap()
}

fn stored() -> Value {
    json!({"model": "openai.script-text", "input": "x"})
}

fn stateless() -> Value {
    json!({"model": "openai.script-text", "input": "x", "store": false})
}

/// That the store is away: told before a provider is asked, and only to those who need it.
fn is_away(stage: &Stage) {
    let asked = stage.upstream.counts().requests;
    let mut streamed = stored();
    streamed["stream"] = json!(true);
    for body in [
        stored(),
        streamed,
        json!({"model": "openai.script-text", "input": "x", "previous_response_id": "resp_1"}),
    ] {
        let refused = stage.ask(&body);
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert_eq!(refused.json()["error"]["code"], "storage_unavailable");
        assert!(refused.header("retry-after").is_some_and(|wait| wait.parse::<u64>().unwrap() >= 1));
        assert!(!refused.text().contains("postgres"), "where it is is nobody's business: {}", refused.text());
    }
    for path in ["/v1/responses/resp_1", "/v1/responses/resp_1/input_items", "/v1/conversations/conv_1"] {
        assert_eq!(get(stage, path).status, 503, "{path}");
    }
    assert_eq!(stage.upstream.counts().requests, asked, "no provider may be asked");
    assert_eq!(stage.ask(&stateless()).status, 200);
    let ready = get(stage, "/ready");
    assert_eq!((ready.status, &ready.json()["status"]), (200, &json!("degraded")), "{}", ready.text());
    assert!(ready.json()["checks"]["conversation_store"].as_str().unwrap().contains("away"));
}

#[test]
fn e8_a_database_that_is_away_takes_down_only_what_needs_it() {
    let server = Postgres::start().unwrap();
    let stage = on(&server, "");
    let kept = stage.ask(&stored());
    assert_eq!(kept.status, 200);
    assert_eq!(get(&stage, "/ready").json()["checks"]["conversation_store"], "healthy");
    server.stop();
    // It is noticed without a request, so that none pays for finding out.
    eventually(|| (get(&stage, "/ready").json()["status"] == "degraded").then_some(())).unwrap();
    is_away(&stage);
    server.resume().unwrap();
    eventually(|| (get(&stage, "/ready").json()["status"] == "ready").then_some(())).unwrap();
    let follow =
        json!({"model": "openai.script-text", "input": "x", "previous_response_id": kept.json()["id"]});
    assert_eq!(stage.ask(&follow).status, 200);
}

#[test]
fn e8_a_database_that_is_not_there_at_the_start_is_used_when_it_comes() {
    let server = Postgres::start().unwrap();
    let url = server.database().unwrap();
    server.stop();
    let stage = Stage::start(PROGRAM, &format!("database: {{url: '{url}'}}\n")).unwrap();
    is_away(&stage);
    server.resume().unwrap();
    eventually(|| (stage.ask(&stored()).status == 200).then_some(())).unwrap();
}

#[test]
fn d2_a_database_that_dies_under_an_answer_makes_it_no_success() {
    let server = Postgres::start().unwrap();
    let stage = on(&server, "");
    let open = |stream: bool| {
        let body = json!({"model": "openai.held", "input": "x", "stream": stream}).to_string();
        client::open(
            stage.address(),
            "POST",
            "/v1/responses",
            &[("content-type", "application/json")],
            body.as_bytes(),
        )
    };
    let mut streamed = open(true).unwrap();
    assert!(streamed.read_until("output_text.delta").unwrap());
    let whole = std::thread::scope(|scope| {
        let asked = stage.upstream.counts().requests;
        let whole = scope.spawn(|| open(false).unwrap().read_rest().unwrap());
        eventually(|| (stage.upstream.counts().requests > asked).then_some(())).unwrap();
        server.stop();
        stage.upstream.release();
        whole.join().unwrap()
    });
    let last = checked_stream(&streamed.read_rest().unwrap().text()).unwrap();
    assert_eq!(
        (&last["status"], &last["error"]["code"]),
        (&json!("failed"), &json!("storage_unavailable")),
        "{last}"
    );
    let text = last["output"][0]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("you said: x"), "the whole content is the client's: {text}");
    assert_eq!((whole.status, &whole.json()["error"]["code"]), (503, &json!("storage_unavailable")));
    assert!(whole.header("retry-after").is_some());
    eventually(|| stage.gateway.logs().contains("storage_unavailable").then_some(()))
        .expect("the record says it");
    server.resume().unwrap();
    eventually(|| (stage.ask(&stored()).status == 200).then_some(())).unwrap();
    assert_eq!(get(&stage, &format!("/v1/responses/{}", last["id"].as_str().unwrap())).status, 404);
}

#[test]
fn a_response_is_kept_as_long_as_was_asked_within_bounds() {
    let stage = Stage::start(PROGRAM, "conversations: {ttl: 1h, max_ttl: 2h}\n").unwrap();
    let with = |seconds: u64| {
        let mut body = stored();
        body["expires_after"] = json!({"anchor": "created_at", "seconds": seconds});
        stage.ask(&body)
    };
    for seconds in [7201, 0] {
        let refused = with(seconds);
        assert_eq!(
            (refused.status, &refused.json()["error"]["param"]),
            (400, &json!("expires_after.seconds")),
            "{seconds}"
        );
    }
    let (short, long) = (with(1).json(), with(7200).json());
    let path = |response: &Value| format!("/v1/responses/{}", response["id"].as_str().unwrap());
    // D3: it is gone at its second, and long before the sweep.
    eventually(|| (get(&stage, &path(&short)).status == 404).then_some(())).unwrap();
    let follow = json!({"model": "openai.script-text", "input": "x", "previous_response_id": short["id"]});
    assert_eq!(stage.ask(&follow).status, 404);
    assert_eq!(get(&stage, &path(&long)).status, 200);
}

#[test]
fn d3_what_goes_on_from_an_expired_response_keeps_its_history() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let first = stage.ask(&json!({"model": "openai.script-text", "input": "the beginning", "expires_after": {"seconds": 2}})).json();
    let second =
        stage.ask(&json!({"model": "openai.script-text", "input": "x", "previous_response_id": first["id"]}));
    assert_eq!(second.status, 200, "{}", second.text());
    eventually(|| {
        (get(&stage, &format!("/v1/responses/{}", first["id"].as_str().unwrap())).status == 404).then_some(())
    })
    .unwrap();
    let third =
        json!({"model": "openai.script-text", "input": "y", "previous_response_id": second.json()["id"]});
    assert_eq!(stage.ask(&third).status, 200);
    assert!(stage.upstream.requests().last().unwrap().to_string().contains("the beginning"));
}

#[test]
fn a10_with_a_key_no_content_is_in_the_database_and_no_key_anywhere() {
    let key = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=";
    let folder = lattice_testkit::gateway::new_folder().unwrap();
    let more = format!("database: {{data_dir: '{}', encryption_key: '{key}'}}\n", folder.display());
    let stage = Stage::start(PROGRAM, &more).unwrap();
    let body = json!({"model": "openai.script-text", "input": "the-quiet-part", "instructions": "the-quiet-rule", "metadata": {"m": "the-quiet-note"}});
    let response = stage.ask(&body).json();
    let conversation = client::post(
        stage.address(),
        "/v1/conversations",
        &json!({"items": [{"role": "user", "content": "the-quiet-talk"}]}),
    )
    .unwrap();
    assert_eq!(conversation.status, 200);
    assert_eq!(get(&stage, &format!("/v1/responses/{}", response["id"].as_str().unwrap())).json(), response);
    let logs = stage.gateway.logs();
    drop(stage);
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(&folder).unwrap() {
        bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(response["id"].as_str().unwrap()) && !holds("the-quiet"));
    assert!(!logs.contains(key) && !logs.contains("the-quiet"), "{logs}");
    // Without its key it cannot be read, and coming again does not help.
    let stage = Stage::start(PROGRAM, &format!("database: {{data_dir: '{}'}}\n", folder.display())).unwrap();
    let unreadable = get(&stage, &format!("/v1/responses/{}", response["id"].as_str().unwrap()));
    assert_eq!((unreadable.status, &unreadable.json()["error"]["code"]), (500, &json!("storage_unreadable")));
    assert_eq!(stage.ask(&stored()).status, 200, "what is new can be stored");
    drop(stage);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn d5_a_database_of_a_newer_version_is_not_ready_and_what_needs_no_store_goes_on() {
    let server = Postgres::start().unwrap();
    let url = server.database().unwrap();
    let more = format!("database: {{url: '{url}'}}\n");
    drop(Stage::start(PROGRAM, &more).unwrap());
    server.query(&url, "INSERT INTO schema_versions (version, needs) VALUES (99, 99)").unwrap();
    let stage = Stage::start(PROGRAM, &more).unwrap();
    let ready = get(&stage, "/ready");
    assert_eq!((ready.status, &ready.json()["status"]), (503, &json!("not_ready")), "{}", ready.text());
    assert!(
        ready.json()["checks"]["conversation_store"]
            .as_str()
            .unwrap()
            .contains("this version cannot work with")
    );
    // It is known before it is written down.
    eventually(|| stage.gateway.logs().contains("newer version of latticelm").then_some(()))
        .unwrap_or_else(|| panic!("{}", stage.gateway.logs()));
    assert_eq!((stage.ask(&stored()).status, stage.ask(&stateless()).status), (503, 200));
}

#[test]
fn d8_the_file_owns_what_it_says_and_the_start_shows_it() {
    let folder = lattice_testkit::gateway::new_folder().unwrap();
    let more = format!("database: {{data_dir: '{}'}}\n", folder.display());
    let stage = Stage::start(PROGRAM, &more).unwrap();
    let shown = format!("database       {}", folder.join("latticelm.db").display());
    assert!(stage.gateway.logs().contains(&shown), "{}", stage.gateway.logs());
    assert_eq!(stage.ask(&stored()).status, 200);
    let rights =
        std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(folder.join("latticelm.db")).unwrap());
    assert_eq!(rights & 0o777, 0o600, "what is stored is for the gateway's own user");
    drop(stage);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_longest_time_is_no_mistake() {
    let stage = Stage::start(PROGRAM, "conversations: {max_ttl: 0}\n").unwrap();
    let most = json!({"seconds": i64::MAX});
    let made = client::post(stage.address(), "/v1/conversations", &json!({"expires_after": most})).unwrap();
    let mut body = stored();
    (body["conversation"], body["expires_after"]) = (made.json()["id"].clone(), most);
    for _ in 0..2 {
        let answer = stage.ask(&body);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}
